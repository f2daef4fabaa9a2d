"""Actions need bounds where they are numbers, and masks where an algorithm goes by masks."""

import numpy as np
import pytest
from gymnasium import Env
from gymnasium.spaces import Box

from rallypoint.agents.train import Training, train
from rallypoint.envs.views.adapter import adapt
from rallypoint.errors import InvalidConfig
from rallypoint.registration import register_env


class Pull(Env):
    observation_space = Box(-1.0, 1.0, (1,), np.float32)

    def __init__(self, high=np.inf):
        self.action_space = Box(-1.0, high, (2,), np.float32)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return np.zeros(1, np.float32), {}

    def step(self, action):
        return np.zeros(1, np.float32), 0.0, True, False, {}


@pytest.mark.parametrize(
    ("agent", "settings"),
    [("sb3:PPO", {"n_steps": 8, "batch_size": 8}), ("ppo", {"steps": 8}), ("a2c", {})],
)
def test_without_them_nothing_is_made_and_it_is_said_what_to_do(agent, settings, tmp_path):
    register_env("tests/pull-v0", adapt_pull)
    given = {"env": "tests/pull-v0", "agent": agent, "steps": 8, "copies": 1, "settings": settings}
    with pytest.raises(InvalidConfig, match=r"between bounds, and Box.* has none; wrap the env"):
        train(Training(**given), tmp_path / "never")
    assert not (tmp_path / "never" / "policy.safetensors").exists()
    train(Training(**given, env_settings={"high": 1.0}), tmp_path / "made")
    assert (tmp_path / "made" / "policy.safetensors").is_file()


def adapt_pull(*, copies=1, **settings):
    return adapt(Pull, copies=copies, **settings)


def test_who_goes_by_masks_is_told_that_a_world_has_none(tmp_path):
    given = {"env": "cartpole-v1", "agent": "sb3:MaskablePPO", "steps": 8, "copies": 1}
    with pytest.raises(InvalidConfig, match="offers no action_mask that says which; take sb3:PPO"):
        train(Training(**given), tmp_path / "never")
