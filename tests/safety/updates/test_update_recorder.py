"""Updates on record: what is written down, and who did another thing than was declared."""

from dataclasses import replace
from hashlib import blake2b

import numpy as np
import pytest

from rallypoint.errors import InvalidConfig, UnreadableFile
from rallypoint.safety.recording_files import part_path
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats import OF_ROUNDS, from_dict, threats
from rallypoint.safety.updates import UpdateThreats
from rallypoint.safety.updates.audit import UpdateAudit
from rallypoint.safety.updates.leash import UpdateLeash
from rallypoint.safety.updates.recorder import UpdateRecorder
from rallypoint.safety.updates.recording import NOBODY, read_all_updates

KINDS = [kind for kind in threats if threats[kind].site in OF_ROUNDS]
WHO = tuple(f"server_{place}" for place in range(8))
N, ROUNDS = len(WHO), 24
DECLARED = {"victims": [2, 5], "when": {"from": 3, "until": 20, "every": 2}}
OTHERWISE = {
    "others": {"victims": [2, 6]},
    "earlier": {"when": {"from": 1, "until": 20, "every": 2}},
    "later": {"when": {"from": 3, "every": 2}},
    "more often": {"when": {"from": 3, "until": 20}},
}
# What was lost on the way, or is said late, may be nothing in any one round.
MAY_BE_TRUE = {"packet_loss", "server_stale"}


def model_of(kind, **limits):
    return ThreatModel(threats=(from_dict({"kind": kind, **DECLARED, **limits}),))


def found_in(number, members=range(N)):
    rng = np.random.default_rng(number)
    return rng.standard_normal((N, 2 * N)).astype(np.float32)[list(members)]


def median(updates):
    return np.median(updates, axis=0)


def send(frame, rounds=range(ROUNDS), members=None):
    """Send updates; return those of each round, as they were found and as they arrived."""
    seen = []
    for number in rounds:
        who = np.arange(N) if members is None else members(number)
        found = found_in(number, who)
        told = frame.apply(found, round_number=number, members=who, aggregator=median, parts=N)
        seen.append((number, who, found, told.updates.copy()))
    return seen


def recorded(model, *, rounds=range(ROUNDS), members=None, seed=0, **settings):
    frame = UpdateThreats(model, contributors=WHO, seed=seed)
    recorder = UpdateRecorder(frame, **settings)
    seen = send(frame, rounds, members)
    return frame, recorder, seen


def audited(model, recorder, seed=0):
    audit = UpdateAudit(model, WHO, seed)
    for part in recorder.parts:
        audit.add(part)
    return audit


def three_of(number):
    return np.random.default_rng(number).permutation(N)[:5]


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


TWO = ThreatModel.from_dict(
    {
        "byzantine": {"count": 3},
        "threats": [
            {"kind": "gaussian", "victims": "byzantine", "when": {"every": 2}},
            {"kind": "packet_loss", "packet": 4, "loss": 0.3, "fill": "nan"},
            {"kind": "sign_flip", "victims": [0, 1], "when": {"probability": 0.6}},
        ],
    }
)


def test_recording_changes_nothing():
    plain = UpdateThreats(TWO, contributors=WHO, seed=3)
    frame, recorder, seen = recorded(TWO, seed=3, members=three_of)
    for (_, _, _, one), (_, _, _, other) in zip(seen, send(plain, members=three_of), strict=True):
        assert one.tobytes() == other.tobytes()
    assert frame.receipts() == plain.receipts()
    assert recorder.finish() == []


def test_a_recording_says_what_was_found_and_what_was_sent():
    _, recorder, seen = recorded(TWO, members=three_of, vectors=True)
    recorder.finish()
    [part] = recorder.parts
    assert part.numbers.tolist() == list(range(ROUNDS))
    row = 0
    for place, (_, who, found, sent) in enumerate(seen):
        for contributor, one, told in zip(who, found, sent, strict=True):
            assert (part.rounds[row], part.senders[row]) == (place, contributor)
            last = one
            assert np.isclose(part.norms[row], np.linalg.norm(one.astype(float)), rtol=1e-12)
            assert part.digests[row].tobytes() == blake2b(one.tobytes(), digest_size=16).digest()
            assert part.found[row].tobytes() == one.tobytes()
            for change in np.flatnonzero(part.rows == row):
                after = part.sent[change]
                apart = np.linalg.norm(after.astype(float) - last)
                assert np.allclose(part.distances[change], apart, equal_nan=True)
                digest = blake2b(after.tobytes(), digest_size=16).digest()
                assert part.digests_sent[change].tobytes() == digest
                last = after
            assert last.tobytes() == told.tobytes()
            row += 1
    assert row == len(part.senders)


def test_parts_on_disk_are_those_that_would_be_kept_and_old_ones_go(tmp_path):
    _, kept, _ = recorded(TWO, members=three_of, part_bytes=1500)
    part_path(tmp_path, 77).write_bytes(b"of an earlier recording")
    _, written, _ = recorded(TWO, members=three_of, part_bytes=1500, folder=tmp_path)
    assert kept.finish() == written.finish() == []
    parts = list(read_all_updates(tmp_path))
    assert len(parts) == len(kept.parts) > 2
    for one, other in zip(parts, kept.parts, strict=True):
        assert (one.contributors, one.seed) == (other.contributors, other.seed)
        assert one.arrays().keys() == other.arrays().keys()
        for name, array in other.arrays().items():
            assert one.arrays()[name].tobytes() == array.tobytes(), name


@pytest.mark.parametrize("vectors", [False, True])
@pytest.mark.parametrize("broken_off", [0, 1, 9, 17])
def test_a_recording_goes_on_from_a_snapshot_to_the_same_bytes(tmp_path, broken_off, vectors):
    settings = {"part_bytes": 4000, "vectors": vectors}
    _, whole, _ = recorded(TWO, folder=tmp_path / "whole", **settings)
    assert whole.finish() == []
    frame, _, _ = recorded(TWO, folder=tmp_path / "b", rounds=range(broken_off), **settings)
    snapshot = {name: np.array(array) for name, array in frame.snapshot().items()}
    send(frame, range(broken_off, 20))  # what was written after the checkpoint is taken back
    again = UpdateThreats(TWO, contributors=WHO, seed=0)
    recorder = UpdateRecorder(again, tmp_path / "b", **settings)
    again.restore(snapshot)
    send(again, range(broken_off, ROUNDS))
    assert recorder.finish() == []
    names = sorted(path.name for path in (tmp_path / "whole").iterdir())
    assert names == sorted(path.name for path in (tmp_path / "b").iterdir())
    for name in names:
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


@pytest.mark.parametrize("on_disk", [False, True])
def test_what_was_recorded_after_a_snapshot_is_gone_when_it_is_gone_on_from(tmp_path, on_disk):
    folder = {"folder": tmp_path} if on_disk else {}
    frame, recorder, _ = recorded(TWO, rounds=range(9), part_bytes=1500, **folder)
    snapshot = {name: np.array(array) for name, array in frame.snapshot().items()}
    send(frame, range(9, ROUNDS))
    frame.restore(snapshot)
    assert recorder.finish() == []
    parts = list(read_all_updates(tmp_path)) if on_disk else recorder.parts
    assert np.concatenate([part.numbers for part in parts]).tolist() == list(range(9))


def test_two_of_a_kind_toss_coins_of_their_own():
    lie = {"kind": "sign_flip", "victims": [2], "when": {"probability": 0.5}}
    model = ThreatModel.from_dict({"threats": [lie, lie | {"victims": [3]}, lie]})
    _, recorder, _ = recorded(model)
    assert recorder.finish() == []
    [part] = recorder.parts
    came = [part.touched_by(index).any(axis=1).tolist() for index in range(3)]
    assert came[0] != came[1]
    assert came[0] != came[2]


def test_what_cannot_be_gone_on_with_is_refused(tmp_path):
    frame, _, _ = recorded(TWO, folder=tmp_path, part_bytes=100)
    snapshot = frame.snapshot()
    part_path(tmp_path, 3).unlink()
    with pytest.raises(UnreadableFile, match=r"part-00003\.npz is gone"):
        frame.restore(snapshot)
    with pytest.raises(InvalidConfig, match="from the start"):
        UpdateRecorder(frame)
    used = UpdateThreats(TWO, contributors=WHO, seed=0)
    send(used, range(1))
    with pytest.raises(InvalidConfig, match="from the start"):
        UpdateRecorder(used)
    fresh = UpdateThreats(TWO, contributors=WHO, seed=0)
    UpdateRecorder(fresh)
    with pytest.raises(InvalidConfig, match="were not recorded"):
        fresh.restore(used.snapshot())


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
