"""Recordings of updates on disk: what is none, or damaged, is refused by name."""

import numpy as np
import pytest

from rallypoint.array_files import read_arrays, write_arrays
from rallypoint.errors import UnreadableFile
from rallypoint.safety.recording_files import part_path
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.updates import UpdateThreats
from rallypoint.safety.updates.recorder import UpdateRecorder
from rallypoint.safety.updates.recording import read_all_updates, read_updates

FLIP = {"kind": "sign_flip", "victims": [1]}


@pytest.fixture
def path(tmp_path):
    model = ThreatModel.from_dict({"threats": [FLIP]})
    frame = UpdateThreats(model, contributors=3, seed=0)
    recorder = UpdateRecorder(frame, tmp_path)
    for number in range(4):
        frame.apply(np.ones((3, 2), dtype=np.float32), round_number=number)
    assert recorder.finish() == []
    return part_path(tmp_path, 0)


@pytest.mark.parametrize(
    "content", [b"", b"PK junk", lambda whole: whole[:700], lambda whole: whole[:-30]]
)
def test_a_file_that_is_none_is_refused_by_name(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content(path.read_bytes()))
    with pytest.raises(UnreadableFile) as refused:
        read_updates(path)
    assert str(path) in str(refused.value)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"norms": None}, "norms"),
        ({"norms": np.zeros(3)}, r"norms is an array \(3,\)"),
        ({"norms": np.zeros(12, dtype="<U3")}, "of <U3"),
        ({"digests": np.zeros((12, 5), dtype=np.uint8)}, r"digests is an array \(12, 5\)"),
        ({"counts": np.array([3, 3, 3, 4])}, "other updates than there are"),
        ({"counts": np.array([3, -3, 9, 3])}, "other updates than there are"),
        ({"senders": np.full(12, 3)}, "senders speak of what is not there"),
        ({"rows": np.full(4, 12)}, "rows speak of what is not there"),
        ({"found": np.zeros((12, 2))}, "sent"),
    ],
)
def test_arrays_that_do_not_belong_together_are_refused(path, change, says):
    arrays, about = read_arrays(path, what="recording")
    arrays = {name: array for name, array in (arrays | change).items() if array is not None}
    write_arrays(path, arrays, about)
    with pytest.raises(UnreadableFile, match=says):
        read_updates(path)


@pytest.mark.parametrize(
    "about", [None, [], {}, {"format": "other"}, {"format": "rallypoint-updates-1", "seed": "x"}]
)
def test_what_is_said_of_it_must_be_ours(path, about):
    arrays, _ = read_arrays(path, what="recording")
    write_arrays(path, arrays, about)
    with pytest.raises(UnreadableFile, match="is no recording of updates"):
        read_updates(path)


def test_a_folder_without_one_is_refused(tmp_path):
    with pytest.raises(UnreadableFile, match="holds no recording"):
        read_all_updates(tmp_path)
    with pytest.raises(UnreadableFile, match=r"cannot read recording .*part-00000"):
        read_updates(part_path(tmp_path, 0))
