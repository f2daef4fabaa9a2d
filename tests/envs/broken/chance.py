"""Worlds whose chance is not that of seed, copy and episode."""

import random  # noqa: TID251  # the fault

import numpy as np
from numpy import random as numpy_random

from tests.envs.broken.catalogue import says
from tests.envs.harbour import Harbour


@says("it draws from or seeds NumPy's global generator")
class UsesNumPysGenerator(Harbour):
    def _advance(self, actions):
        numpy_random.random()  # noqa: NPY002  # the fault
        return super()._advance(actions)


@says("it draws from or seeds Python's global generator")
class SeedsPythonsGenerator(Harbour):
    def reset(self, seed=None, mask=None):
        random.seed(seed)
        return super().reset(seed, mask)


@says("one seed gives two episodes: observations.'gulls'.* at the reset")
class IsNotSeeded(Harbour):
    def _start(self, mask):
        super()._start(mask)
        self._places[mask] = numpy_random.default_rng().random((mask.sum(), 3, 2))


@says("reset.seed=0. does not start a used world from the beginning, as a new one: ")
class RemembersResets(Harbour):
    resets = 0

    def _start(self, mask):
        super()._start(mask)
        self.resets += bool(mask.all())
        self._places[mask, 0, 0] = self.resets


@says("after reset.seed=5., env.seed is 0")
class SaysAnotherSeed(Harbour):
    @property
    def seed(self):
        return 0 * super().seed


@says("reset.. without a seed, and with the one that env.seed then says, differ")
class SaysAnotherSeedOfItsOwn(Harbour):
    def reset(self, seed=None, mask=None):
        first = self._seed is None and seed is None
        observations = super().reset(seed, mask)
        self._seed = 1 if first else self._seed
        return observations


@says("chance depends on the copy and the episode, and not on the seed")
class IgnoresTheSeed(Harbour):
    def reset(self, seed=None, mask=None):
        observations = super().reset(0 if seed is not None or self._seed is None else None, mask)
        self._seed = self._seed if seed is None else seed
        return observations


@says("chance depends on the seed and the episode, and not on the copy")
class IsTheSameInEveryCopy(Harbour):
    def reset(self, seed=None, mask=None):
        copies, self.copies = self.copies, np.zeros_like(self.copies)
        observations = super().reset(seed, mask)
        self.copies = copies
        return observations


@says("chance depends on the seed and the copy, and not on the episode")
class RepeatsItsFirstEpisode(Harbour):
    def _start(self, mask):
        self._draws.begin_episode(mask, episode=0)
        super()._start(mask)


@says("in another process, with PYTHONHASHSEED=., observations.'gulls'.* at the reset are not")
class DependsOnTheHashSeed(Harbour):
    def _start(self, mask):
        super()._start(mask)
        self._places[mask] += np.float32(hash("harbour") % 10**6 / 10**5)
