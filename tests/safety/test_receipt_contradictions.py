"""Receipts that were edited contradict themselves, or what was declared; honest ones do not."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from rallypoint.safety.receipts import combined
from rallypoint.safety.receipts.contradictions import contradictions
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats import OF_ROUNDS, threats
from rallypoint.safety.threats.update.alie import Alie, z_max
from rallypoint.safety.threats.update.sign_flip import SignFlip
from tests.safety.deeds import model_of, played
from tests.safety.recorded_updates import N, recorded
from tests.safety.recorded_updates import model_of as model_of_updates

WHEN = {"from": 3, "until": 20, "every": 2}
FORGED = {
    "another site": {"site": "transport"},
    "another chance": {"chance": 0.123},
    "no chance": {"chance": None},
    "more opportunities": {"opportunities": 10**9},
    "fewer opportunities": {"opportunities": 3},
    "no episodes": {"episodes": 0},
    "fewer steps": {"steps": 1},
    "more steps": {"steps": 10**9},
    "more steps of one": {"most_steps": 10**9},
    "nobody in an episode": {"most_agents": 0},
    "more agents": {"most_agents": 7},
    "a first step before its time": {"first_step": 1},
    "a first step that is none of its": {"first_step": 4},
    "a first step after the last": {"first_step": 19, "last_step": 17},
    "no first step": {"first_step": None},
    "a last step that is none of its": {"last_step": 18},
    "a last step after its time": {"last_step": 21},
    "no last step": {"last_step": None},
    "fewer than no cuts": {"clipped": -1},
    "a limit that is none": {"violations": {"mercy": 0}},
}
OF_UPDATES = {
    "cuts to no budget": {"clipped": 1},
    "a length that is none": {"largest_norm": float("nan")},
    "a length below what was seen": {"largest_norm": 0.1},
    "another first round than was seen": {"first_step": 5},
    "another last round than was seen": {"last_step": 17},
    "coins that fell twice": {"repeats": 2},
}
ASKED = ["aggregator", "honest_updates"]
STRENGTHS = [
    ({"kind": "alie"}, (-0.44, 0.0)),
    ({"kind": "alie"}, (0.0, 1.07)),  # of eight: at most the quantile at 6/7
    ({"kind": "alie", "z": 1.5}, (1.5, 1.6)),
    ({"kind": "alie", "z": "optimal", "knowledge": ASKED}, (0.001, 1.0)),
    ({"kind": "packet_loss", "loss": 0.3}, (0.0, 1.1)),
    ({"kind": "packet_loss", "loss": 1.0}, (0.9, 1.0)),
    ({"kind": "packet_loss", "loss": 0.0}, (0.0, 0.1)),
    ({"kind": "fedpg"}, (-1.0, 1.0)),
    ({"kind": "fedpg", "factor": -1.5}, (-1.0, 1.0)),
    ({"kind": "normalized"}, (1.0, 101.0)),
    ({"kind": "optimal"}, (-1.0, 1.0)),
    ({"kind": "opt_ema"}, (-1.0, 1.0)),
    ({"kind": "hidden_vulnerability"}, (-1.0, 1.0)),
    ({"kind": "min_max"}, (2.0, 1.0)),
    ({"kind": "min_sum"}, (1.0, float("inf"))),
    ({"kind": "min_sum"}, (float("nan"), 1.0)),
    ({"kind": "sign_flip"}, (1.0, 2.0)),
    ({"kind": "server_reversed"}, (1.0, 2.0)),
]


@pytest.fixture(scope="module")
def in_world():
    model = model_of("random_action", when=WHEN)
    env, wrong = played(model)
    assert wrong == []
    [receipt] = env.env.receipts()
    return model.threats[0], receipt


@pytest.fixture(scope="module")
def in_updates():
    model = model_of_updates("sign_flip")
    frame, recorder, _ = recorded(model)
    assert recorder.finish() == []
    [receipt] = frame.receipts()
    return model.threats[0], receipt


@pytest.mark.parametrize("how", FORGED)
def test_what_no_receipt_of_a_threat_can_say_is_found(how, in_world):
    threat, honest = in_world
    forged = replace(honest, **FORGED[how])
    assert forged != honest
    assert list(contradictions(threat, forged))


@pytest.mark.parametrize("how", {**FORGED, **OF_UPDATES})
def test_what_no_receipt_of_a_lie_in_updates_can_say_is_found(how, in_updates):
    threat, honest = in_updates
    forged = replace(honest, **(FORGED | OF_UPDATES)[how])
    assert forged != honest
    assert list(contradictions(threat, forged))


@pytest.mark.parametrize(("table", "strengths"), STRENGTHS)
def test_strengths_that_a_threat_cannot_have_are_found(table, strengths):
    frame, _, _ = recorded(model_of_updates(**table))
    [threat], [honest] = frame.model.threats, frame.receipts()
    assert list(contradictions(threat, honest)) == []
    found = list(contradictions(threat, replace(honest, strengths=strengths)))
    assert any("tells of strengths" in fault for fault in found)


@dataclass(frozen=True, kw_only=True)
class Along(SignFlip):
    """Somebody's own, for models of a certain size only."""

    way: tuple[float, ...] = tuple(range(2 * N))

    def init(self, E, N):
        return {"strength": np.zeros(E), "way": np.zeros((E, N)) + self.way}


def test_who_remembers_for_one_size_of_models_only_may_tell_of_strengths():
    frame, recorder, _ = recorded(ThreatModel(threats=(Along(victims=[2]),)))
    assert frame.receipts()[0].strengths == (0, 0)
    assert recorder.finish() == []


def test_whatever_deviations_the_paper_asks_for_lie_between_those_that_are_declared():
    for n in range(2, 80):
        least, most = Alie().strengths(n)
        for here in range(2, n + 1):  # of n, some may be missing
            assert all(least <= z_max(here, liars) <= most for liars in range(1, here))


@pytest.mark.parametrize("who", ["nobody known", "a count below 0"])
def test_whom_a_receipt_names_must_be_there(who, in_world):
    threat, honest = in_world
    name, count = ("nobody", 1) if who == "nobody known" else (honest.agents[2], -1)
    forged = replace(honest, applications={**honest.applications, name: count})
    assert list(contradictions(threat, forged))


@pytest.mark.parametrize("kind", threats)
def test_honest_receipts_and_their_sums_contradict_nothing(kind):
    parts = []
    for seed in range(2):
        if threats[kind].site in OF_ROUNDS:
            model = model_of_updates(kind)
            parts.append(recorded(model, seed=seed)[0].receipts()[0])
        else:
            model = model_of(kind)
            parts.append(played(model, seed=seed, steps=25)[0].env.receipts()[0])
    [threat] = model.threats
    for receipt in (*parts, combined(parts)):
        assert list(contradictions(threat, receipt)) == []
