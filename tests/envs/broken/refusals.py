"""Worlds that take, or half take, what they must refuse."""

import numpy as np

from tests.envs.broken.catalogue import says
from tests.envs.harbour import Harbour


@says("the action 2, above its space, for group 'boats' must raise InvalidAction, and is accepted")
class ClipsActions(Harbour):
    def step(self, actions):
        if isinstance(actions, dict) and actions["boats"].dtype.kind == "i":
            actions = actions | {"boats": np.clip(actions["boats"], -1, 1)}
        return super().step(actions)


@says("a copy too many for group 'boats' must raise InvalidAction, and raises AssertionError")
class RefusesWithAnotherError(Harbour):
    def step(self, actions):
        assert len(actions["boats"]) == self.num_copies
        return super().step(actions)


@says("something refused has an effect all the same: .* of boat_0 in row 0: .* at step 1")
class MovesBeforeItRefuses(Harbour):
    def step(self, actions):
        self._cells = np.minimum(self._cells + 1, 6)
        return super().step(actions)


@says("reset with a mask that is too long must raise Exception, and is accepted")
class TakesAnyMask(Harbour):
    def reset(self, seed=None, mask=None):
        return super().reset(seed, None if mask is None else mask[: self.num_copies])
