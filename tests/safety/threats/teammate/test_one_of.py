"""One of several: types are drawn, each does what its kind does, and nobody is two."""

import numpy as np
import pytest

import rallypoint
from rallypoint.errors import InvalidConfig, UnknownName
from rallypoint.safety.conformance import assert_is_threat
from rallypoint.safety.frame import Threatened
from rallypoint.safety.receipts import disagreements
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats.teammate.anti_goal import AntiGoal
from rallypoint.safety.threats.teammate.one_of import OneOf
from rallypoint.safety.threats.teammate.stutter import Stutter
from tests.safety.stubs import bits, ground, play

AHEAD, BACK = ({"kind": "constant_action", "action": action} for action in (1, 2))
EVERYTHING = (
    {"kind": "stutter", "epsilon": 0.8},
    {"kind": "traitor", "policy": "freeze"},
    {"kind": "noisy_action", "epsilon": 0.9},
)


def first_actions(threat, copies=3000):
    """What is done at the first step by each, where all choose to stay: (E, N)."""
    env = Threatened(rallypoint.make("gathering-v0", copies=copies), [threat])
    env.reset(seed=0)
    return env.step({"agents": np.zeros((copies, 10), dtype=int)}).infos["executed/agents"]


def test_types_are_drawn_by_their_weights_and_the_probability():
    done = first_actions(OneOf(types=[AHEAD, BACK], weights=(3, 1), probability=0.4))
    found = np.bincount(done.ravel(), minlength=3) / done.size
    np.testing.assert_allclose(found, [0.6, 0.3, 0.1], atol=0.01)


def test_each_victim_has_a_type_of_its_own_or_all_have_one():
    apart = first_actions(OneOf(types=[AHEAD, BACK]), copies=200)
    shared = first_actions(OneOf(types=[AHEAD, BACK], shared=True), copies=200)
    assert (apart != apart[:, :1]).any(axis=1).all()
    assert (shared == shared[:, :1]).all()
    assert 0.3 < (shared[:, 0] == 1).mean() < 0.7


def test_a_type_is_kept_for_an_episode_and_drawn_anew_for_the_next():
    env = Threatened(
        rallypoint.make("gathering-v0", copies=100, max_cycles=4),
        [OneOf(types=[AHEAD, BACK], victims=[0])],
    )
    still = {"agents": np.zeros((100, 10), dtype=int)}
    episodes = []
    env.reset(seed=0)
    for _ in range(3):
        steps = [env.step(still).infos["executed/agents"][:, 0] for _ in range(4)]
        assert all((step == steps[0]).all() for step in steps)
        episodes.append(steps[0])
        env.reset(mask=np.ones(100, dtype=bool))
    assert 0.3 < (episodes[0] == episodes[1]).mean() < 0.7


def test_with_one_type_it_is_that_threat():
    types = [{"kind": "anti_goal"}]
    for threats in ([AntiGoal(victims=[1, 2])], [OneOf(types=types, victims=[1, 2])]):
        env = Threatened(rallypoint.make("gathering-v0", copies=5), threats)
        env.reset(seed=3)
        states = []
        for _ in range(8):
            env.step({"agents": np.ones((5, 10), dtype=int)})
            states.append(env.state())
        if isinstance(threats[0], AntiGoal):
            expected = np.array(states)
    np.testing.assert_array_equal(states, expected)


def test_types_that_remember_do_so_each_for_itself():
    env = Threatened(ground(copies=40), [OneOf(types=EVERYTHING, victims={"count": 2})])
    list(play(env, 8))
    assert disagreements(env.model, env.receipts()) == []


def test_it_goes_on_from_a_snapshot():
    env = Threatened(ground(copies=4), [OneOf(types=EVERYTHING, probability=0.8)])
    list(play(env, 3))
    kept = env.snapshot()
    runs = []
    for _ in range(2):
        env.restore(kept)
        runs.append(bits(play(env, 5, seed=None, first=3)))
    assert runs[0] == runs[1]


def test_it_keeps_the_contract_with_types_that_remember_and_look_ahead():
    assert_is_threat(OneOf(types=EVERYTHING, victims={"count": 2}, budget={"agents": 1}))
    spoilers = [{"kind": "look_ahead", "depth": 1}, {"kind": "anti_goal"}]
    assert_is_threat(
        OneOf(types=spoilers, probability=0.5), env=rallypoint.make("gathering-v0", copies=3)
    )


def test_a_file_says_it_as_python_does():
    threat = OneOf(types=[Stutter(epsilon=0.2), AntiGoal()], weights=[1, 2])
    assert threat.knowledge == ("actions", "colluders", "geometry")
    assert threat.needs == frozenset()
    model = ThreatModel(threats=(threat,))
    assert ThreatModel.from_dict(model.to_dict()) == model
    assert "does its last action again" in threat.in_words()["does"]


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"types": []}, "at least one threat"),
        ({"types": [{"kind": "crash"}]}, r"types\[0\] \(crash\) stands at site 'presence'"),
        ({"types": [{"kind": "stutter", "when": {"from": 2}}]}, "has limits of its own"),
        ({"types": [{"kind": "stutter", "victims": [0]}]}, "has limits of its own"),
        ({"weights": (1, 2)}, "weights are 1 numbers >= 0"),
        ({"weights": (0,)}, "not all 0"),
        ({"probability": 1.2}, "probability lies in"),
        ({"types": [{"kind": "stutter", "epsilon": 2}]}, "epsilon lies in"),
    ],
)
def test_what_cannot_be_meant_is_refused(settings, says):
    with pytest.raises(InvalidConfig, match=says):
        OneOf(**settings)


def test_an_unknown_type_names_the_nearest():
    with pytest.raises(UnknownName, match="did you mean 'stutter'"):
        OneOf(types=[{"kind": "stuter"}])


def test_the_frame_says_who_is_hostile_in_this_episode():
    threat = OneOf(types=[AHEAD], probability=0.5, victims={"count": 4})
    env = Threatened(rallypoint.make("gathering-v0", copies=50), [threat, Stutter(victims=[9])])
    env.reset(seed=0)
    hostile = env.hostile
    executed = env.step({"agents": np.zeros((50, 10), dtype=int)}).infos["executed/agents"]
    assert hostile[:, 9].all()
    np.testing.assert_array_equal(hostile[:, :9], executed[:, :9] == 1)
    assert 0.3 < hostile[:, :9].sum() / (0.9 * 4 * 50) < 0.7
    assert not Threatened(rallypoint.make("gathering-v0"), []).hostile.any()
