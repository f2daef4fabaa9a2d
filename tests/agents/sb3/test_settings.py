"""Settings over which SB3 would stumble while it learns, or that would be read and not followed."""

import json

import numpy as np
import pytest
from gymnasium.spaces import MultiBinary
from stable_baselines3.common.noise import NormalActionNoise
from stable_baselines3.common.type_aliases import TrainFreq, TrainFrequencyUnit

from rallypoint.agents.sb3.training import train_sb3
from rallypoint.agents.train import Training, check
from rallypoint.errors import InvalidConfig
from tests.agents.sb3.every_algorithm import small, world
from tests.envs.views.worlds import Match

FREQUENCY = "train_freq of sb3:.* is a whole number of steps >= 1, or one with what it counts"


@pytest.mark.parametrize(
    ("name", "settings", "says"),
    [
        ("DQN", {"train_freq": 0}, FREQUENCY),
        ("DQN", {"train_freq": True}, FREQUENCY),
        ("QRDQN", {"train_freq": [2, ["step"]]}, FREQUENCY),
        ("SAC", {"train_freq": [[1, "step"], "step"]}, r"got \[\[1, 'step'\], 'step'\]"),
        ("DQN", {"train_freq": [1, "episode"]}, "only where one row is learned from, and here 4"),
        ("DQN", {"train_freq": TrainFreq(1, TrainFrequencyUnit.EPISODE)}, "one row is learned"),
        ("DQN", {"train_freq": TrainFreq(0, TrainFrequencyUnit.STEP)}, FREQUENCY),
        ("TQC", {"target_update_interval": 0}, "target_update_interval of sb3:TQC is at least 1"),
        ("TD3", {"policy_delay": 0}, "policy_delay of sb3:TD3 is at least 1, got 0"),
        ("TD3", {"target_policy_noise": -1}, "target_policy_noise of sb3:TD3 is a number >= 0"),
        (
            "TD3",
            {"target_noise_clip": float("nan")},
            "target_noise_clip of sb3:TD3 is a number >= 0",
        ),
        ("ARS", {"n_delta": 0}, "n_delta of sb3:ARS is at least 1, got 0"),
        ("ARS", {"n_eval_episodes": 0}, "n_eval_episodes of sb3:ARS is at least 1, got 0"),
        ("SAC", {"action_noise": 0.1}, "is an ActionNoise of .* which only Python can give"),
        ("PPO", {"tensorboard_log": "tb"}, "TensorBoard files lie in DIR/tensorboard, .*leave it"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_learned(name, settings, says):
    with pytest.raises(InvalidConfig, match=says):
        train_sb3(world(name), f"sb3:{name}", steps=8, settings=small(name) | settings)


@pytest.mark.parametrize(
    ("copies", "settings", "saved"),
    [
        (2, {"train_freq": [2, "step"]}, [2, "step"]),
        (1, {"train_freq": (1, "episode")}, [1, "episode"]),
        (1, {"train_freq": TrainFreq(1, TrainFrequencyUnit.EPISODE)}, [1, "episode"]),
        (2, {"action_noise": NormalActionNoise(np.zeros(2), np.ones(2))}, None),
    ],
)
def test_what_sb3_takes_in_pairs_and_as_noise_is_handed_on(copies, settings, saved, tmp_path):
    one = world("SAC", copies=copies, num_agents=1)
    train_sb3(one, "sb3:SAC", steps=32, settings=small("SAC") | settings, out=tmp_path)
    assert json.loads((tmp_path / "agent.json").read_text())["settings"].get("train_freq") == saved


def test_noise_of_targets_may_have_no_limit():
    settings = small("TD3") | {"target_noise_clip": float("inf")}
    assert train_sb3(world("TD3"), "sb3:TD3", steps=32, settings=settings).summary["steps"] >= 32


def test_who_asks_sb3_to_say_more_gets_its_table(capsys):
    for verbose, is_told in ((0, False), (1, True)):
        settings = small("PPO") | {"verbose": verbose}
        train_sb3(world("PPO"), "sb3:PPO", steps=32, settings=settings)
        assert ("filler_share" in capsys.readouterr().out) is is_told


def test_nothing_is_said_while_it_is_asked_whether_it_can_be_learned(capsys):
    check(Training(agent="sb3:PPO", env="cartpole-v1", steps=256, settings={"verbose": 1}))
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("name", ["A2C", "PPO", "RecurrentPPO", "TRPO"])
def test_several_actions_at_once_are_learned_by_all_that_learn_from_rollouts(name):
    several = Match(copies=2, max_cycles=8, actions=MultiBinary(3))
    trained = train_sb3(several, f"sb3:{name}", steps=32, settings=small(name))
    assert trained.summary["steps"] >= 32
