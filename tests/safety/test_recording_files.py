"""Recordings on disk."""

import io
import json
from dataclasses import fields

import numpy as np
import pytest

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
    with np.load(path) as archive:
        arrays = {name: archive[name] for name in archive.files} | changes
    packed = io.BytesIO()
    np.savez(packed, **{name: array for name, array in arrays.items() if array is not None})
    return packed.getvalue()


def last_moment(path):
    with np.load(path) as archive:
        return np.full(STEPS, len(archive["time"]) - 1)


def about(**told):
    return np.frombuffer(json.dumps(told).encode(), dtype=np.uint8)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda path: b"", "is no recording, or a damaged one"),
        (lambda path: b"PK junk", "is no recording, or a damaged one"),
        (lambda path: path.read_bytes()[:3000], "is no recording, or a damaged one"),
        (lambda path: repacked(path, rewards=None), "rewards"),
        (lambda path: repacked(path, rewards=np.zeros((2, 2))), r"rewards is \(2, 2\), not"),
        (lambda path: repacked(path, chosen_at=np.full(60, 10**6)), "a moment that is none"),
        (lambda path: repacked(path, chosen_at=last_moment(path)), "a moment that is none"),
        (lambda path: repacked(path, about=None), "about"),
        (lambda path: repacked(path, about=np.array([7])), "is no recording"),
        (lambda path: repacked(path, about=about(format="other")), "format 'other'"),
        (
            lambda path: repacked(path, rewards=np.array([{}, print], dtype=object)),
            "allow_pickle=False",
        ),
    ],
)
def test_a_file_that_is_none_or_damaged_is_refused_by_name(tmp_path, spoil, sentence):
    path = tmp_path / "part-00000.npz"
    write_recording(whole(recorder()), path)
    path.write_bytes(spoil(path))
    with pytest.raises(UnreadableFile, match=sentence) as refused:
        read_recording(path)
    assert str(path) in str(refused.value)


def test_a_folder_without_a_recording_is_refused(tmp_path):
    with pytest.raises(UnreadableFile, match="holds no recording"):
        read_recordings(tmp_path)
    with pytest.raises(UnreadableFile, match=r"cannot read recording .*No such file"):
        read_recording(tmp_path / "part-00000.npz")
