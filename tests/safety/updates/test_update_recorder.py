"""Updates on record: whoever did another thing than was declared is found."""

from dataclasses import replace

import numpy as np
import pytest

from rallypoint.safety.receipts.receipt import Seen
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats import OF_ROUNDS, threats
from rallypoint.safety.updates import UpdateThreats
from rallypoint.safety.updates.audit import UpdateAudit
from rallypoint.safety.updates.leash import UpdateLeash
from rallypoint.safety.updates.recorder import UpdateRecorder
from rallypoint.safety.updates.recording import NOBODY
from tests.safety.recorded_updates import WHO, N, found_in, model_of, recorded, three_of

KINDS = [kind for kind in threats if threats[kind].site in OF_ROUNDS]
OTHERWISE = {
    "others": {"victims": [2, 6]},
    "earlier": {"when": {"from": 1, "until": 20, "every": 2}},
    "later": {"when": {"from": 3, "every": 2}},
    "more often": {"when": {"from": 3, "until": 20}},
}
# What was lost on the way, or is said late, may be nothing in any one round.
MAY_BE_TRUE = {"packet_loss", "server_stale"}


def audited(model, recorder, seed=0):
    audit = UpdateAudit(model, WHO, seed)
    for part in recorder.parts:
        audit.add(part)
    return audit


@pytest.mark.parametrize("kind", KINDS)
def test_who_lies_otherwise_is_found_in_the_recording_and_whoever_keeps_to_it_is_not(kind):
    declared = model_of(kind)
    frame, honest, _ = recorded(declared)
    assert honest.finish() == []
    [told] = frame.receipts()
    for how, limits in OTHERWISE.items():
        liar, lying, _ = recorded(model_of(kind, **limits))
        assert lying.finish() == []  # as it declares itself
        shown = audited(declared, lying)
        assert shown.faults(liar.receipts()), how
        if kind not in MAY_BE_TRUE:
            assert any("out of turn" in one for one in shown.faults([told])), how
    often, seldom = (model_of(kind, when={"probability": p}) for p in (0.95, 0.05))
    assert recorded(often)[1].finish() == []
    liar, lying, _ = recorded(seldom)
    lying.finish()
    assert audited(often, lying).faults(liar.receipts())
    if declared.threats[0].is_finite and kind not in {"zero", "packet_loss", "partial_drop"}:
        short, longer = (model_of(kind, budget={"norm": norm}) for norm in (0.01, 0.02))
        frame, kept, _ = recorded(short)
        assert kept.finish() == []
        _, lying, _ = recorded(longer)
        lying.finish()
        [told] = frame.receipts()
        for said in (told, replace(told, largest_norm=9.0)):  # whatever it admits to
            faults = audited(short, lying).faults([said])
            assert any("in the recording, of 0.01" in fault for fault in faults)


@pytest.mark.parametrize("kind", ["sign_flip", "gaussian"])
@pytest.mark.parametrize(
    ("limits", "more"),
    [
        ({"budget": {"rounds": 3}}, {"budget": {"rounds": 4}}),
        ({"budget": {"agents": 1}}, {"budget": {"agents": 2}}),
        ({"victims": {"count": 2}}, {"victims": {"count": 3}}),
        ({"seed": 1, "victims": {"count": 2}}, {"seed": 2, "victims": {"count": 2}}),
        ({"when": {"probability": 0.5}}, {"seed": 3, "when": {"probability": 0.5}}),
    ],
)
def test_who_takes_more_than_it_may_is_found_whatever_its_receipt_says(kind, limits, more):
    declared = model_of(kind, **limits)
    frame, honest, _ = recorded(declared, members=three_of)
    assert honest.finish() == []
    _, lying, _ = recorded(model_of(kind, **more), members=three_of)
    lying.finish()
    assert any("out of turn" in one for one in audited(declared, lying).faults(frame.receipts()))


def test_others_who_are_byzantine_and_another_seed_are_found():
    def model(**who):
        lies = [{"kind": "zero", "victims": "byzantine"}]
        return ThreatModel.from_dict({"byzantine": who, "threats": lies})

    for declared, other in (({"members": [1]}, {"members": [1, 3]}), ({"count": 2}, {"count": 4})):
        _, honest, _ = recorded(model(**declared))
        assert honest.finish() == []
        frame, lying, _ = recorded(model(**other))
        lying.finish()
        faults = audited(model(**declared), lying).faults(frame.receipts())
        assert any("is not what [byzantine] makes it" in fault for fault in faults)
    faults = audited(model(count=2), honest, seed=1).faults(())
    assert any("of another seed" in fault for fault in faults)


def test_a_threat_that_acts_on_its_own_and_a_frame_that_says_nothing_of_it_are_found(monkeypatch):
    lie = UpdateLeash.lie

    def twice(self, updates, now):
        after, receipt = lie(self, updates, now)
        after = after.copy()
        after[0] += now.number == 7  # an update of somebody else
        return after, receipt

    monkeypatch.setattr(UpdateLeash, "lie", twice)
    _, recorder, _ = recorded(model_of("sign_flip"))
    faults = recorder.finish()
    assert any("1 update in the recording changed by the threat 'sign_flip'" in f for f in faults)
    assert any("of server_0 in round 7" in fault for fault in faults)


def test_what_no_threat_changed_was_changed_by_nobody():
    frame = UpdateThreats(ThreatModel(), contributors=WHO, seed=0)
    recorder = UpdateRecorder(frame)
    found = found_in(0)
    recorder.keep(0, np.arange(N), found, [], found.copy())
    recorder.keep(1, np.arange(N), found, [], np.where(np.arange(N)[:, None] == 4, 0, found))
    [fault] = recorder.finish()
    assert "changed by nobody out of turn, the first of server_4 in round 1" in fault
    assert recorder.parts[0].threats.tolist() == [NOBODY]


RENAMED = {2: WHO[0], 5: WHO[1]}
BLAMED = tuple(RENAMED.get(place, f"{name}*") for place, name in enumerate(WHO))
FORGED_RECEIPTS = {
    "fewer contributors": {"agents": WHO[:3]},
    "others to blame": {"agents": BLAMED, "applications": dict.fromkeys(WHO[:2], 9)},
    "another site": {"site": "transport"},
    "coins that came again": {"repeats": 100},
    "more runs": {"episodes": 2},
    "who was seen": {"seen": Seen(rounds={WHO[2]: 1}, first=3, last=3)},
    "nobody was seen": {"seen": None},
    "longer lies": {"largest_norm": 99.0},
    "lies a little longer": {"largest_norm": 6.07},
    "shorter lies": {"largest_norm": 0.5},
    "lies of no length": {"largest_norm": None},
}
FORGED_SIGHTS = {
    "first": {"first": 4},
    "last": {"last": 18},
    "out of turn": {"undue": 1},
    "longer lies": {"largest_norm": 99.0},
    "shorter lies": {"largest_norm": 0.5},
}


@pytest.mark.parametrize("forged", FORGED_RECEIPTS.values(), ids=FORGED_RECEIPTS)
def test_receipts_that_speak_of_other_contributors_or_runs_are_found(forged):
    declared = model_of("sign_flip")
    frame, recorder, _ = recorded(declared)
    assert recorder.finish() == []
    [told] = frame.receipts()
    assert dict(told.applications) == dict.fromkeys((WHO[2], WHO[5]), 9)
    assert audited(declared, recorder).faults([replace(told, **forged)])


@pytest.mark.parametrize("forged", FORGED_SIGHTS.values(), ids=FORGED_SIGHTS)
def test_what_was_not_seen_of_updates_is_found(forged):
    declared = model_of("sign_flip")
    frame, recorder, _ = recorded(declared)
    assert recorder.finish() == []
    [told] = frame.receipts()
    assert told.seen.first == 3
    changed = replace(told, seen=replace(told.seen, **forged))
    assert any("changed" in one for one in audited(declared, recorder).faults([changed]))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("scale", [0.0, 1e-300, 1e-39, 1.0, 1e4, 1e30, 1e300])
@pytest.mark.parametrize("norm", [None, 1e-30, 1e-7, 0.3])
def test_lengths_of_honest_receipts_are_those_that_were_recorded(dtype, scale, norm):
    budget = {} if norm is None else {"norm": norm}
    lies = [{"kind": kind, "victims": [2, 5], "budget": budget} for kind in ("gaussian", "zero")]
    late = {"kind": "partial_drop", "victims": [5]}
    model = ThreatModel.from_dict({"threats": [late, *lies]})
    frame = UpdateThreats(model, contributors=WHO, seed=0)
    recorder = UpdateRecorder(frame)
    for number in range(3):
        with np.errstate(over="ignore"):
            found = (found_in(number).astype(np.float64) * scale).astype(dtype)
        frame.apply(np.nan_to_num(found, posinf=1.0, neginf=1.0), round_number=number, parts=N)
    assert recorder.finish() == []


FORGED = {
    "a length": {"norms": lambda norms: norms * 2},
    "a length that was sent": {"norms_sent": lambda norms: norms / 3},
    "a distance": {"distances": lambda apart: apart * 5},
}


@pytest.mark.parametrize("change", FORGED.values(), ids=FORGED)
def test_lengths_that_cannot_be_true_together_are_found(change):
    model = model_of("sign_flip", budget={"norm": 0.5})
    frame, recorder, _ = recorded(model)
    recorder.finish()
    [part] = recorder.parts
    [(name, forge)] = change.items()
    audit = UpdateAudit(model, WHO, 0)
    audit.add(replace(part, **{name: forge(getattr(part, name))}))
    assert any("contradict each other" in fault for fault in audit.faults(frame.receipts()))
