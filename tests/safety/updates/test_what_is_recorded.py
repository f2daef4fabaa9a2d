"""Updates on record: what is written down, in which parts, and from where it goes on."""

from hashlib import blake2b

import numpy as np
import pytest

from rallypoint.errors import InvalidConfig, UnreadableFile
from rallypoint.safety.recording_files import part_path
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.updates import UpdateThreats
from rallypoint.safety.updates.on_record import FramesOfRun, recorded_in
from rallypoint.safety.updates.recorder import UpdateRecorder
from rallypoint.safety.updates.recording import read_all_updates
from tests.safety.recorded_updates import ROUNDS, TWO, WHO, recorded, send, three_of


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


def test_what_a_run_with_more_groups_and_servers_recorded_is_removed(tmp_path):
    def run(groups, servers):
        frames = [UpdateThreats(TWO, contributors=WHO, seed=0) for _ in range(groups + servers)]
        of_run = FramesOfRun(frames[:groups], frames[groups:])
        of_run.record(tmp_path)
        for frame in frames:
            send(frame, range(3))
        assert of_run.account()[1] == []
        return recorded_in(tmp_path.parent, tmp_path.name)

    more = run(3, 2)
    assert len(more) == 5
    (tmp_path / "updates-mine").mkdir()
    (tmp_path / "updates-mine" / "notes.txt").write_text("kept")
    assert run(1, 0) == (f"{tmp_path.name}/updates/part-00000.npz",)
    assert (tmp_path / "updates-mine" / "notes.txt").exists()
    assert run(3, 2) == more
