"""Constant action, against its definition."""

import numpy as np
import pytest

import rallypoint
from rallypoint.envs.views.adapter import adapt
from rallypoint.errors import InvalidConfig
from rallypoint.safety.frame import Threatened
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats.constant_action import ConstantAction
from tests.safety.stubs import ground, moving


@pytest.mark.parametrize("action", [0, 1, 2])
def test_victims_do_the_same_and_nobody_else_does(action):
    env = Threatened(ground(), [ConstantAction(action=action, victims=["walker_0", "walker_2"])])
    env.reset(seed=0)
    for _ in range(4):
        acted = env.alive
        actions = moving(env)
        infos = env.step(actions).infos
        expected = actions["walkers"].copy()
        expected[:, [0, 2]] = np.where(acted[:, [0, 2]], action, expected[:, [0, 2]])
        assert (infos["executed/walkers"] == expected).all()
        assert (infos["executed/gliders"] == actions["gliders"]).all()


@pytest.mark.parametrize(("action", "done"), [(0.25, [0.25, 0.25]), ([1, -0.5], [1, -0.5])])
def test_one_number_stands_for_all_entries_and_several_for_themselves(action, done):
    env = Threatened(ground(), [ConstantAction(action=action, victims=["glider_0"])])
    env.reset(seed=0)
    executed = env.step(moving(env)).infos["executed/gliders"]
    assert (executed[:, 0] == np.float32(done)).all()
    assert executed.dtype == np.float32


def test_in_a_file_whole_numbers_stay_whole():
    table = {"threats": [{"kind": "constant_action", "action": 1}]}
    [threat] = ThreatModel.from_dict(table).threats
    assert threat == ConstantAction(action=1)
    assert isinstance(threat.action, int)
    env = Threatened(rallypoint.make("cartpole-v1", copies=2), [threat])
    env.reset(seed=0)
    executed = env.step({"agents": np.zeros((2, 1), dtype=int)}).infos["executed/agents"]
    assert (executed == 1).all()


@pytest.mark.parametrize(
    ("action", "victims", "message"),
    [
        (3, "all", r"group 'walkers': an action is one of Discrete\(3\), got 3"),
        (0.5, ["walker_0"], r"one of Discrete\(3\), got 0.5"),
        (2, ["glider_0"], r"one of Box.*got \[2, 2\]"),
        ([1, 0], ["walker_0"], r"group 'walkers' has \(\) entries, and action is \(1, 0\)"),
        ([1, 0, 0], ["glider_0"], r"group 'gliders' has \(2,\) entries"),
    ],
)
def test_an_action_that_a_world_does_not_have_is_refused(action, victims, message):
    with pytest.raises(InvalidConfig, match=message):
        Threatened(ground(), [ConstantAction(action=action, victims=victims)])


def test_in_another_library_s_world_the_action_is_done_there():
    spread = "mpe2.simple_spread_v3:parallel_env"
    env = Threatened(adapt(spread, copies=2), [ConstantAction(action=1)])
    beside = adapt(spread, copies=2)
    env.reset(seed=0)
    beside.reset(seed=0)
    ones = {"agents": np.ones((2, 3), dtype=int)}
    for now in range(5):
        here = env.step({"agents": np.full((2, 3), now)})
        there = beside.step(ones)
        assert (here.rewards == there.rewards).all()
