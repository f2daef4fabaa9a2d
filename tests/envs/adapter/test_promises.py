"""Environments of Gymnasium's that answer otherwise than it promises."""

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Discrete

from rallypoint.envs.views.adapter import adapt
from rallypoint.errors import NotConformant


def gymnasiums(reset=(0, {}), step=(0, 1.0, False, False, {})):
    """Return an environment of Gymnasium's that answers with these."""

    class Old(gymnasium.Env):
        observation_space = action_space = Discrete(2)

        def reset(self, *, seed=None, options=None):
            super().reset(seed=seed)
            return reset

        def step(self, action):
            return step

    return adapt(Old, copies=2)


@pytest.mark.parametrize(
    ("told", "what"), [(("seen", 1.0, False, {}), "a tuple of 4"), (None, "NoneType")]
)
def test_a_step_of_gymnasium_that_is_no_five_is_a_fault(told, what):
    env = gymnasiums(step=told)
    env.reset(seed=0)
    with pytest.raises(NotConformant, match=rf"Old: step\(\) must return .* and returns {what}"):
        env.step({"agents": np.zeros((2, 1), dtype=int)})


@pytest.mark.parametrize(
    ("told", "what"), [(0, "int"), (np.zeros(2), "ndarray"), ((0, {}, 1), "a tuple of 3")]
)
def test_a_reset_of_gymnasium_that_is_no_two_is_a_fault(told, what):
    must = r"Old: reset\(\) must return \(observation, info\), .* and returns "
    with pytest.raises(NotConformant, match=must + what):
        gymnasiums(reset=told).reset(seed=0)
