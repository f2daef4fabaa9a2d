"""Traitor: another policy's actions, saved or given, in the place of one's own."""

import numpy as np
import pytest

import rallypoint
from rallypoint.agents.rules import CircularMean
from rallypoint.agents.saved import Saved, save_tabular
from rallypoint.agents.tabular.encoding import Sectors
from rallypoint.agents.tabular.tables import TabularPolicy
from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig, UnreadableFile
from rallypoint.safety.conformance import assert_is_threat
from rallypoint.safety.frame import Threatened
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats import from_dict
from rallypoint.safety.threats.teammate.traitor import Traitor
from tests.safety.stubs import actions_at, ground

CONTRARY = {"policy": "tests.safety.interruption.policies:Contrary"}


def ring(copies=6, **settings):
    return rallypoint.make("gathering-v0", copies=copies, **settings)


@pytest.fixture
def clockwise(tmp_path):
    """A trained agent, always clockwise, as a training leaves it in a folder."""
    tables = np.zeros((10, 3003, 3))
    tables[..., 1] = 1
    about = Saved("q_learning", "gathering-v0", {})
    save_tabular(tmp_path, tables, Sectors(), about=about)
    return tmp_path


def test_it_stands_still_while_it_lasts_if_nothing_else_is_said():
    env = Threatened(ring(), [Traitor(victims=[2], when={"from": 2, "until": 5})])
    env.reset(seed=0)
    for step in range(8):
        executed = env.step({"agents": np.ones((6, 10), dtype=int)}).infos["executed/agents"]
        assert (executed[:, 2] == (0 if 2 <= step < 5 else 1)).all()
        assert (np.delete(executed, 2, axis=1) == 1).all()


def test_it_does_what_a_saved_agent_would(clockwise):
    threat = Traitor(victims={"count": 3}, policy={"folder": str(clockwise)})
    env = Threatened(ring(), [threat])
    env.reset(seed=0)
    infos = env.step({"agents": np.zeros((6, 10), dtype=int)}).infos
    assert (infos["executed/agents"].sum(axis=1) == 3).all()


def test_it_acts_on_what_its_victims_see():
    env = Threatened(ring(), [Traitor(victims=[0, 4], policy=CircularMean())])
    seen = env.reset(seed=0)
    would = CircularMean().act(seen, Draws(0, "test/traitor", env.copies))["agents"]
    executed = env.step({"agents": np.zeros((6, 10), dtype=int)}).infos["executed/agents"]
    np.testing.assert_array_equal(executed[:, [0, 4]], would[:, [0, 4]])


def test_no_episode_ends_by_it_and_nobody_is_interrupted():
    env = Threatened(ring(), [Traitor(policy="uniform")])
    env.reset(seed=0)
    step = env.step(actions_at(env, 0))
    assert not step.infos["interrupted"].any()
    assert step.alive.all()


def test_forms_of_a_threat_file_mean_what_they_say(clockwise):
    tables = [
        {"kind": "traitor", "policy": {"action": 2}},
        {"kind": "traitor", "policy": {"folder": str(clockwise), "how": "greedy"}},
        {"kind": "traitor", "policy": CONTRARY, "victims": [1]},
    ]
    model = ThreatModel.from_dict({"threats": tables})
    assert ThreatModel.from_dict(model.to_dict()) == model
    assert model.threats[1].knowledge == ("own_percept",)
    assert "stands still" in Traitor().in_words()["does"]
    assert "'action': 2" in model.threats[0].in_words()["does"]


@pytest.mark.parametrize("policy", ["freeze", "uniform", CONTRARY])
def test_it_keeps_the_contract_with_every_form(policy):
    assert_is_threat(from_dict({"kind": "traitor", "policy": policy, "when": {"every": 2}}))


def test_a_saved_agent_of_other_spaces_is_refused(clockwise):
    with pytest.raises(UnreadableFile, match="13"):
        Threatened(ring(cells=9), [Traitor(policy={"folder": str(clockwise)})])


def test_a_folder_without_an_agent_is_refused(tmp_path):
    with pytest.raises(UnreadableFile, match=r"agent\.json"):
        Threatened(ring(), [Traitor(policy={"folder": str(tmp_path)})])


def test_a_policy_that_was_given_itself_cannot_be_written_down():
    with pytest.raises(InvalidConfig, match="cannot be written down"):
        Traitor(policy=CircularMean()).to_dict()


def test_a_policy_with_memory_is_refused():
    class Remembers(TabularPolicy):
        def begin_episode(self, mask):
            """Forget."""

    policy = Remembers(np.zeros((1, 1, 3003, 3)), Sectors())
    with pytest.raises(InvalidConfig, match="remembers nothing"):
        Threatened(ring(), [Traitor(policy=policy)])


def test_outside_a_world_it_cannot_act():
    with pytest.raises(InvalidConfig, match="fit"):
        Traitor().apply({}, None, None)


def test_gliders_turn_too():
    given = {"actions": {"glider_1": [0.5, -0.5]}}
    env = Threatened(ground(), [Traitor(victims=["glider_1"], policy=given)])
    env.reset(seed=0)
    executed = env.step(actions_at(env, 0)).infos["executed/gliders"]
    assert (executed[:, 1] == [0.5, -0.5]).all()
