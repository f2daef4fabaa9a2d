"""Faults within a Dict are told by their place in it."""

import re

import numpy as np
import pytest

from rallypoint.envs.views.adapter import adapt
from rallypoint.errors import NotConformant
from tests.envs.adapter.toys import Nested


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda seen: seen.pop("camera"), "agent_0 observes the dict"),
        (lambda seen: seen.update(goal=(1,)), "agent_0 observes the dict"),
        (
            lambda seen: seen.update(position=np.zeros(2)),
            "agent_0 observes an array (2,) of float64 at 'position', and declares an array (2,)",
        ),
        (
            lambda seen: seen.update(goal=(4, seen["goal"][1])),
            "agent_0 observes 4 at 'goal/0', which is not in Discrete(3, start=1)",
        ),
        (
            lambda seen: seen.update(switches=np.array([0, 1, 300])),
            "agent_0 observes an array (3,) of int64 at 'switches', and declares an array (3,)",
        ),
        (lambda seen: seen.pop("action_mask"), "agent_0 observes the dict"),
        (
            lambda seen: seen["action_mask"].fill(0),
            "agent_0 has an 'action_mask' that allows nothing",
        ),
        (lambda seen: seen["action_mask"].fill(2), "agent_0 has the 'action_mask' [2 2 2 2]"),
    ],
)
def test_a_fault_within_a_dict_is_told_by_its_place(change, sentence):
    class Spoilt(Nested):
        def _told(self):
            seen = dict(super()._told())
            if self.time == 1:
                change(seen)
            return seen

    env = adapt(Spoilt)
    env.reset(seed=0)
    with pytest.raises(NotConformant, match=re.escape(f"step 1 of copy 0: {sentence}")):
        env.step({"agents": np.array([[env.action_mask()["agents"][0, 0].argmax()]])})
