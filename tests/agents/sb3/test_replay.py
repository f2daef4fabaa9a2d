"""Replay buffers take what agents did, and nothing in the place of the gone."""

import numpy as np
import pytest
from gymnasium.spaces import Box

from rallypoint.agents.sb3.algorithms import algorithm
from rallypoint.agents.sb3.building import build
from rallypoint.envs.views.sb3 import Sb3View
from rallypoint.errors import InvalidConfig
from tests.envs.views.worlds import NEVER, Match, Schedule

SETTINGS = {
    "learning_starts": 20,
    "batch_size": 16,
    "buffer_size": 400,
    "policy_kwargs": {"net_arch": [8]},
}


def trained(name, world, steps, **settings):
    model, _ = build(
        algorithm(name), Sb3View(world), steps=1000, seed=0, settings=SETTINGS | settings
    )
    return model.learn(steps)


def test_nine_of_ten_die_early_and_take_no_room():
    world = Schedule(dies=[2] * 9 + [NEVER], max_cycles=10)
    buffer = trained("sb3:DQN", world, 10 * 10 * 2).replay_buffer
    # Two episodes: nine agents live two steps of each, one lives ten.
    assert buffer.pos == 2 * (9 * 2 + 10)
    assert not buffer.full
    seen = buffer.observations[: buffer.pos, 0]
    assert (seen[:, 2] == 1).all()  # everybody was there
    index = seen[:, 1].astype(int)
    time = seen[:, 0].astype(int)
    died = (index < 9) & (time == 1)
    cut = (index == 9) & (time == 9)
    np.testing.assert_array_equal(buffer.dones[: buffer.pos, 0], died | cut)
    np.testing.assert_array_equal(buffer.timeouts[: buffer.pos, 0], cut)
    assert (buffer.next_observations[: buffer.pos, 0][died] == -1).all()
    assert (buffer.next_observations[: buffer.pos, 0][cut, 0] == 10).all()
    assert (buffer.rewards[: buffer.pos, 0] == 1 + buffer.actions[: buffer.pos, 0, 0]).all()


def test_the_buffer_goes_round():
    world = Schedule(copies=2, dies=[3, NEVER], max_cycles=4)
    buffer = trained("sb3:DQN", world, 4 * 32, buffer_size=10).replay_buffer
    assert buffer.full
    assert buffer.buffer_size == 10
    assert (buffer.observations[:, 0, 2] == 1).all()
    # Of the 16 rows of an episode, 2 are filler; eight episodes were played, and 10 rows stay.
    assert buffer.pos == (8 * 14) % 10


@pytest.mark.parametrize("name", ["sb3:SAC", "sb3:TD3", "sb3:DDPG", "sb3:TQC", "sb3:CrossQ"])
def test_actions_are_kept_as_the_algorithm_has_them(name):
    actions = Box(-2.0, 6.0, (2,), np.float32)
    model = trained(name, Match(actions=actions, max_cycles=5), 40)
    buffer = model.replay_buffer
    assert buffer.pos == 40
    assert np.abs(buffer.actions[:40]).max() <= 1


@pytest.mark.parametrize("setting", [{"n_steps": 3}, {"optimize_memory_usage": True}])
def test_buffers_that_need_rows_in_a_row_are_refused(setting):
    if "optimize_memory_usage" in setting:
        setting["replay_buffer_kwargs"] = {"handle_timeout_termination": False}
    with pytest.raises(InvalidConfig, match="follow each other"):
        build(
            algorithm("sb3:DQN"),
            Sb3View(Schedule()),
            steps=1000,
            seed=0,
            settings=SETTINGS | setting,
        )
