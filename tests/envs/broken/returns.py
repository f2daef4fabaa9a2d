"""Worlds that return what they must not, or write to what they were given."""

import numpy as np

from tests.envs.broken.catalogue import says
from tests.envs.harbour import Harbour


@says("step.. must return a Step, and returns a tuple")
class ReturnsATuple(Harbour):
    def step(self, actions):
        return tuple(super().step(actions))


@says(r"observations must be a dict of the groups .'boats', 'gulls'., and are .'boats'. at step 1")
class LeavesAGroupOut(Harbour):
    def step(self, actions):
        step = super().step(actions)
        return step._replace(observations={"boats": step.observations["boats"]})


@says(r"truncated must be bool \(3, 5\), and is int64 \(3, 5\) at step 1")
class FlagsInIntegers(Harbour):
    def step(self, actions):
        step = super().step(actions)
        return step._replace(truncated=step.truncated.astype(np.int64))


@says(r"rewards must be float64 \(3, 5\), and is float32 \(3, 5\) at step 1")
class NarrowRewards(Harbour):
    def _advance(self, actions):
        rewards, *rest = super()._advance(actions)
        return rewards.astype(np.float32), *rest


@says("the reward of boat_1 in row 2 at step 4 is nan")
class RewardThatIsNoNumber(Harbour):
    def _advance(self, actions):
        rewards, *rest = super()._advance(actions)
        rewards[self._elapsed == 3, 1] = np.where(self.copies[self._elapsed == 3] == 2, np.nan, 0)
        return rewards, *rest


@says(r"observation of gull_0 in row 0 at step 2 is not in Box.*\[500\.")
class SeesWhatCannotBe(Harbour):
    def _observe(self):
        seen = super()._observe()
        seen["gulls"][self._elapsed == 2, 0] = 500
        return seen


@says(r"observations\['boats'\] must be int64 .*, and is float64")
class SeesInAnotherType(Harbour):
    def _observe(self):
        seen = super()._observe()
        return seen | {"boats": seen["boats"].astype(float)}


@says(r"infos\['wind'\] must be an array with first axis 3.*, and is \[1, 2\] at step 1")
class InfosInAList(Harbour):
    def _advance(self, actions):
        rewards, terminated, _ = super()._advance(actions)
        return rewards, terminated, {"wind": [1, 2]}


@says(r"observations\['gulls'\] of .* is written to by step 1; return a new array")
class OneBufferForAll(Harbour):
    def _observe(self):
        seen = super()._observe()
        self._buffer = getattr(self, "_buffer", seen["gulls"])
        self._buffer[:] = seen["gulls"]
        return seen | {"gulls": self._buffer}


@says("step 1 writes to what it is given, 'gulls'")
class WritesIntoActions(Harbour):
    def _advance(self, actions):
        if actions["gulls"].flags.writeable:
            actions["gulls"][:] = 0
        return super()._advance(actions)


@says("writing into arrays that it returned changes the world: .*gull")
class HandsOutItsState(Harbour):
    def _start(self, mask):
        self._places = self._places.copy()
        super()._start(mask)

    def _observe(self):
        return super()._observe() | {"gulls": self._places}


@says("actions as int32, in another memory order, act otherwise")
class ReadsRawBytes(Harbour):
    def _advance(self, actions):
        boats = np.frombuffer(actions["boats"].tobytes(order="A")[: 16 * self.num_copies], np.int8)
        rowed = np.resize(boats[::8], (self.num_copies, 2)).astype(np.int64)
        return super()._advance({"boats": rowed, "gulls": actions["gulls"]})
