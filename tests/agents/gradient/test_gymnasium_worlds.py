"""Contributors in worlds of Gymnasium, one instance for each copy, with counts and with forces."""

import numpy as np
import pytest

import rallypoint
from rallypoint.agents.gradient.by_name import Team
from rallypoint.agents.saved import load_policies
from rallypoint.agents.train import Training, train
from rallypoint.draws import Draws

LANDER = "gymnasium:LunarLander-v3"  # papers used v2
CHEETAH = "gymnasium:HalfCheetah-v5"  # likewise
PENDULUM = "gymnasium:Pendulum-v1"
NEEDS = {LANDER: ("Box2D", "box2d"), CHEETAH: ("mujoco", "mujoco")}
SETTINGS = {"policy": [16], "steps": 20, "minibatch": 80, "epochs": 2}


def needed(env):
    """Skip where what a world is made with is not installed."""
    if env in NEEDS:
        module, extra = NEEDS[env]
        pytest.importorskip(module, reason=f"{env} needs rallypoint[{extra}]")


@pytest.mark.parametrize("env", [LANDER, PENDULUM, CHEETAH])
def test_a_team_with_a_liar_learns_and_its_policy_is_read_and_acts(env, tmp_path):
    needed(env)
    training = Training(
        env=env,
        agent="ppo",
        steps=320,
        copies=4,
        settings=SETTINGS | {"normalise_observations": True},
        env_settings={"max_cycles": 30},
        team=Team(workers=4, byzantine=1, aggregator="median"),
    )
    rows = []
    outcome = train(training, tmp_path, say=rows.append)
    assert outcome.metrics["steps"] >= 320
    assert len(rows) == 4
    world = rallypoint.make(env, copies=2, max_cycles=30)
    space = world.groups[0].action_space
    observations = world.reset(1)
    for policy in load_policies(tmp_path, world).values():
        actions = policy.act(observations, Draws(0, "test/acting", world.copies))["agents"]
        assert all(space.contains(action[0]) for action in actions)


@pytest.mark.parametrize("env", [LANDER, PENDULUM, CHEETAH])
def test_the_same_training_leaves_the_same_bits(env, tmp_path):
    needed(env)
    saved = []
    for folder in (tmp_path / "one", tmp_path / "other"):
        training = Training(
            env=env,
            agent="a2c",
            steps=80,
            copies=2,
            settings={"policy": [16], "steps": 20},
            env_settings={"max_cycles": 15},
            team=Team(workers=2),
        )
        train(training, folder)
        world = rallypoint.make(env, copies=3)
        seen = world.reset(7)
        saved.append(load_policies(folder, world)["greedy"].act(seen, Draws(0, "test/same", [0])))
    np.testing.assert_array_equal(saved[0]["agents"], saved[1]["agents"])
