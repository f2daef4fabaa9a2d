"""Mapped action, against its definition."""

import numpy as np
import pytest

import rallypoint
from rallypoint.errors import InvalidConfig
from rallypoint.safety.conformance import assert_is_threat
from rallypoint.safety.frame import Threatened
from rallypoint.safety.receipts import disagreements
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats.mapped_action import MappedAction
from tests.safety.stubs import ground, moving

WALKERS = ["walker_0", "walker_2"]


def test_victims_do_what_the_table_says_and_nobody_else_does():
    env = Threatened(ground(), [MappedAction(table=(0, 0, 1), victims=WALKERS)])
    env.reset(seed=0)
    changed = 0
    for _ in range(4):
        acted = env.alive
        actions = moving(env)
        infos = env.step(actions).infos
        expected = actions["walkers"].copy()
        mapped = np.array([0, 0, 1])[expected]
        where = acted[:, : expected.shape[1]].copy()
        where[:, 1] = False
        changed += int((where & (mapped != expected)).sum())
        expected = np.where(where, mapped, expected)
        assert (infos["executed/walkers"] == expected).all()
        assert (infos["executed/gliders"] == actions["gliders"]).all()
    [receipt] = env.receipts()
    assert sum(receipt.applications.values()) == changed > 0
    assert disagreements(env.model, env.receipts()) == []


@pytest.mark.parametrize("table", [(0, 2, 1), (1, 2, 0), ()])
def test_a_choice_that_stays_what_it_is_is_no_act(table, rng):
    env = Threatened(ground(copies=40, gliders=0), [MappedAction(table=table, victims=WALKERS)])
    env.reset(seed=0)
    acts = 0
    for step in range(4):
        chosen = rng.integers(0, 3, (40, 3)) if step % 2 else np.zeros((40, 3), dtype=int)
        mapped = np.array(table or (2, 1, 0))[chosen]
        acted = env.alive & [True, False, True]
        acts += int((acted & (mapped != chosen)).sum())
        done = env.step({"walkers": chosen, "gliders": np.zeros((40, 0, 2), np.float32)})
        expected = np.where(acted, mapped, chosen)
        np.testing.assert_array_equal(done.infos["executed/walkers"], expected)
        if done.ended.any():
            env.reset(mask=done.ended)
    [receipt] = env.receipts()
    assert sum(receipt.applications.values()) == acts > 0
    assert (acts == receipt.opportunities) == (table == (1, 2, 0))
    assert disagreements(env.model, env.receipts()) == []


def test_without_a_table_everybody_does_the_opposite():
    env = Threatened(ground(), [MappedAction()])
    env.reset(seed=0)
    acted = env.alive
    actions = moving(env)
    infos = env.step(actions).infos
    walkers = actions["walkers"].shape[1]
    expected = np.where(acted[:, :walkers], 2 - actions["walkers"], actions["walkers"])
    assert (infos["executed/walkers"] == expected).all()
    mirrored = np.where(acted[:, walkers:, None], -actions["gliders"], actions["gliders"])
    assert (infos["executed/gliders"] == mirrored).all()


def test_in_a_colony_pretenders_are_seen_at_work_and_do_none():
    table = {"kind": "mapped_action", "victims": [0, 1, 2], "table": [0, 4, 5, 6, 4, 5, 6]}
    model = ThreatModel.from_dict({"threats": [table]})
    env = Threatened(rallypoint.make("ant-colony-v0", num_agents=10, pretence=True), model)
    env.reset(seed=0)
    step = env.step({"agents": np.array([[1, 1, 0, 1, 2, 2, 3, 0, 0, 1]])})
    assert step.infos["workers"].tolist() == [[2, 2, 1]]
    assert env.env.regions()["task_1"].sum() == 4


def test_it_keeps_the_contract_with_a_table():
    assert_is_threat(MappedAction(table=(2, 1, 0), victims=WALKERS))


@pytest.mark.parametrize(
    ("table", "victims", "says"),
    [
        ((0, 1), "all", r"an action 0..2 for each of the 3 of group 'walkers', got \[0, 1\]"),
        ((0, 1, 3), WALKERS, "an action 0..2 for each of the 3"),
        ((0, 1, 2), ["glider_0"], "a table is of numbered actions, and group 'gliders' has Box"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(table, victims, says):
    with pytest.raises(InvalidConfig, match=says):
        Threatened(ground(), [MappedAction(table=table, victims=victims)])
