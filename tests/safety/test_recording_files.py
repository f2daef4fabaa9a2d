"""Recordings on disk."""

from dataclasses import fields

import numpy as np
import pytest

from rallypoint.array_files import read_arrays, write_arrays
from rallypoint.errors import UnreadableFile
from rallypoint.safety.recording_files import read_recording, read_recordings, write_recording
from tests.safety.recorded import STEPS, recorder, whole
from tests.safety.stubs import play


def equal(one, other):
    for field in fields(one):
        ours, theirs = getattr(one, field.name), getattr(other, field.name)
        if isinstance(ours, dict):
            assert list(ours) == list(theirs)
            pairs = list(zip(ours.values(), theirs.values(), strict=True))
        else:
            pairs = [(ours, theirs)]
        for first, second in pairs:
            if isinstance(first, np.ndarray):
                assert (first.dtype, first.shape) == (second.dtype, second.shape)
                assert first.tobytes() == second.tobytes()
            else:
                assert first == second
    return True


def test_recordings_come_back_from_disk_as_they_were(tmp_path):
    recording = whole(recorder())
    write_recording(recording, tmp_path / "some" / "recording.npz")
    assert equal(read_recording(tmp_path / "some" / "recording.npz"), recording)
    assert [path.name for path in (tmp_path / "some").iterdir()] == ["recording.npz"]


def test_parts_are_written_as_they_come_and_read_in_order(tmp_path):
    env = recorder(folder=tmp_path, part_bytes=20_000)
    list(play(env, STEPS))
    written = len(list(tmp_path.iterdir()))
    assert written > 1
    assert env.finish() == []
    assert env.parts == []
    kept = recorder(part_bytes=20_000)
    list(play(kept, STEPS))
    kept.finish()
    for part, other in zip(read_recordings(tmp_path), kept.parts, strict=True):
        assert equal(part, other)


def repacked(path, **changes):
    arrays, about = read_arrays(path, what="recording")
    kept = {name: array for name, array in (arrays | changes).items() if array is not None}
    write_arrays(path, kept, about)


def last_moment(path):
    return np.full(STEPS, len(read_arrays(path, what="recording")[0]["time"]) - 1)


def said(path, **changes):
    arrays, about = read_arrays(path, what="recording")
    write_arrays(path, arrays, about | changes)


def pickled(path):
    with path.open("wb") as file:
        np.savez(file, about=np.array([{}, print], dtype=object))


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda path: path.write_bytes(b""), "is no readable recording"),
        (lambda path: path.write_bytes(b"PK junk"), "is no readable recording"),
        (lambda path: path.write_bytes(path.read_bytes()[:3000]), "is no readable recording"),
        (pickled, "allow_pickle=False"),
        (lambda path: repacked(path, rewards=None), "rewards"),
        (lambda path: repacked(path, rewards=np.zeros((2, 2))), r"rewards is \(2, 2\) of float64"),
        (lambda path: repacked(path, rewards=np.zeros((60, 7, 5), dtype="<U3")), "of <U3"),
        (lambda path: repacked(path, alive=np.zeros((9, 7, 5))), "alive"),
        (lambda path: repacked(path, copies=np.arange(7.0)), "copies"),
        (lambda path: repacked(path, true_costs=np.zeros((60, 7, 5, 3))), "true_costs"),
        (lambda path: repacked(path, chosen_at=np.full(60, 10**6)), "a moment that is none"),
        (lambda path: repacked(path, chosen_at=last_moment(path)), "a moment that is none"),
        (lambda path: said(path, format="other"), "format 'other'"),
        (lambda path: said(path, columns=[]), "is no recording"),
        (lambda path: said(path, columns={"walkers": [0, "all"]}), "group 'walkers' is at 0"),
        (lambda path: said(path, columns={"walkers": [0, 2]}), "its groups have 2 agents, of 5"),
    ],
)
def test_a_file_that_is_none_or_damaged_is_refused_by_name(tmp_path, spoil, sentence):
    path = tmp_path / "part-00000.npz"
    write_recording(whole(recorder()), path)
    spoil(path)
    with pytest.raises(UnreadableFile, match=sentence) as refused:
        read_recording(path)
    assert str(path) in str(refused.value)


def test_a_folder_without_a_recording_is_refused(tmp_path):
    with pytest.raises(UnreadableFile, match="holds no recording"):
        read_recordings(tmp_path)
    with pytest.raises(UnreadableFile, match=r"cannot read recording .*No such file"):
        read_recording(tmp_path / "part-00000.npz")
