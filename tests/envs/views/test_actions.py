"""From what single agents choose to the arrays that a world takes."""

import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete, MultiBinary, MultiDiscrete

from rallypoint.batch_env import Group
from rallypoint.envs.batch import World
from rallypoint.envs.views.actions import filler
from rallypoint.envs.views.parallel import ParallelView


@pytest.mark.parametrize(
    ("space", "nearest"),
    [
        (Discrete(3, start=5), 5),
        (Box(np.float32([-1, 2]), np.float32([1, 9])), [0, 2]),
        (Box(-np.inf, np.inf, (2,)), [0, 0]),
        (MultiDiscrete([3, 2], start=[1, 0]), [1, 0]),
        (MultiBinary(2), [0, 0]),
    ],
    ids=str,
)
def test_without_a_no_op_empty_slots_hold_the_action_nearest_to_zero(space, nearest):
    group = Group("all", ("one",), Discrete(2), space)
    for noop in (None, {"others": 1}):
        assert np.array_equal(filler(group, noop), nearest)
        assert space.contains(filler(group, noop))
    assert filler(group, {"all": "the no-op"}) == "the no-op"


@pytest.mark.parametrize("space", [MultiDiscrete([3, 2], start=[1, 0]), MultiBinary(2)])
def test_the_empty_slots_of_any_space_are_filled(space):
    class Quiet(World):
        """Nobody has a no-op, and the second agent is never there."""

        def __init__(self):
            names = ("one", "two")
            super().__init__("quiet-v0", [Group("all", names, MultiBinary(1), space)])

        def _start(self, mask):
            self._alive[mask, 1] = False

        def _advance(self, actions):
            self.got = actions["all"]
            return np.zeros((1, 2)), np.zeros((1, 2), dtype=bool), {}

        def _observe(self):
            return {"all": np.zeros((1, 2, 1), dtype=np.int8)}

    view = ParallelView(Quiet())
    view.reset(seed=0)
    chosen = {"one": space.sample()}
    view.step(chosen)
    assert np.array_equal(view.batch_env.got[0, 0], chosen["one"])
    assert space.contains(view.batch_env.got[0, 1].astype(space.dtype))
