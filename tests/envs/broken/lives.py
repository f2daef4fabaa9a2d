"""Worlds that tell no true story of who lives, and when it ends."""

import numpy as np

from tests.envs.broken.catalogue import says
from tests.envs.harbour import Harbour


@says("boat_. in row . is alive again, though its part was over since step .* alive rises once")
class RevivesTheDead(Harbour):
    def _advance(self, actions):
        returned = super()._advance(actions)
        self._alive[self._elapsed + 1 == 11] = True
        return returned


@says("._. in row . earns -1.0 though not in the world, at step")
class PaysTheDead(Harbour):
    def _advance(self, actions):
        rewards, *rest = super()._advance(actions)
        return np.where(self._alive, rewards, -1.0), *rest


@says("boat_. in row . is terminated and still alive, at step")
class TerminatedAndAlive(Harbour):
    def step(self, actions):
        before = self._alive
        step = super().step(actions)
        self._alive = before | self._alive
        return step._replace(alive=self._alive.copy())


@says("in row . goes on though the time limit is 12, at step 12")
class TruncatesLate(Harbour):
    def step(self, actions):
        self.time_limit += 1
        try:
            return super().step(actions)
        finally:
            self.time_limit -= 1


@says("is truncated before the time limit, 12, at step 11")
class TruncatesEarly(Harbour):
    def step(self, actions):
        self.time_limit -= 1
        try:
            return super().step(actions)
        finally:
            self.time_limit += 1


@says("in row . is terminated at step 12 because time_limit is 12; a time limit truncates")
class TerminatesAtTheLimit(Harbour):
    def _advance(self, actions):
        rewards, terminated, infos = super()._advance(actions)
        last = self._elapsed + 1 == self.time_limit
        return rewards, terminated | (last[:, None] & self._alive), infos


@says("in row . is terminated at step 12 because time_limit is 12; a time limit truncates")
class TerminatesAtAFixedLimit(TerminatesAtTheLimit):
    def __init__(self, *, copies=1, render_mode=None):
        super().__init__(copies=copies, render_mode=render_mode)


@says("made with max_cycles=2, it has time_limit 12")
class HasAFixedLimit(Harbour):
    def __init__(self, *, max_cycles=12, **settings):
        super().__init__(**settings)


@says("a step when row . has ended, at step 1., and was not reset must raise EpisodeEnded, and is")
class ResetsItself(Harbour):
    def step(self, actions):
        step = super().step(actions)
        if step.ended.any():
            self.reset(mask=step.ended)
        return step


@says("a step before the first reset must raise NotReset, and is accepted")
class BeginsByItself(Harbour):
    def step(self, actions):
        if self._seed is None:
            self.reset(seed=0)
        return super().step(actions)


@says("close.. raises OSError: no such window")
class CannotBeClosed(Harbour):
    def close(self):
        raise OSError("no such window")
