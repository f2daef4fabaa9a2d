"""What came when is written down, and read as it was."""

import pytest

from rallypoint.agents.rounds.delays import Coming
from rallypoint.agents.rounds.recorded import Entry, RecordedDelays, read, written
from rallypoint.errors import CannotGoOn, InvalidConfig, UnreadableFile

ENTRIES = (
    Entry(1, 0, 0),
    Entry(0, 0, 1),
    Entry(1, 1, 1, "gone"),
    Entry(2, 0, 1, "failed"),
    Entry(1, 1, 2),
)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "arrivals.csv"
    path.write_text(written(ENTRIES))
    return path


def test_a_record_is_read_as_it_was_written(file):
    assert read(file) == ENTRIES
    assert file.read_text().splitlines()[:2] == ["contributor,version,at,outcome", "1,0,0,arrived"]


def test_it_comes_again_as_it_came(file):
    arrivals = RecordedDelays(file=str(file)).of(3, 0)
    came = [arrivals.next(entry.at) for entry in ENTRIES[:3]]
    assert came[0] == Coming(1, 0)
    assert came[2].loss.is_gone
    twin = RecordedDelays(file=str(file)).of(3, 0)
    twin.restore(arrivals.snapshot())
    assert not twin.next(1).loss.is_gone
    assert twin.next(2) == Coming(1, 1)
    with pytest.raises(CannotGoOn, match="ends after 5 updates"):
        twin.next(3)


def test_another_training_departs_from_it(file):
    arrivals = RecordedDelays(file=str(file)).of(3, 0)
    arrivals.next(0)
    with pytest.raises(CannotGoOn, match="came at version 1, and the server is at 0"):
        arrivals.next(0)


def test_as_many_versions_are_kept_as_the_oldest_update_needs(file):
    assert RecordedDelays(file=file).keep == 64
    file.write_text(written([*ENTRIES, Entry(0, 2, 99)]))
    assert RecordedDelays(file=str(file)).keep == 98


def test_fewer_contributors_than_it_has_are_refused(file):
    with pytest.raises(InvalidConfig, match="3 contributors or more, and there are 2"):
        RecordedDelays(file=str(file)).of(2, 0)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("1,0,0", "line 2"),
        ("1,x,0,arrived", "line 2"),
        ("1,0,0,late", "line 2"),
        ("1,2,1,arrived", "found on a version from 0"),
        ("-1,0,1,arrived", "contributor >= 0"),
    ],
)
def test_what_is_no_record_is_refused_with_the_line(line, says, tmp_path):
    path = tmp_path / "arrivals.csv"
    path.write_text(f"contributor,version,at,outcome\n{line}\n")
    with pytest.raises(UnreadableFile, match=says):
        RecordedDelays(file=str(path))


@pytest.mark.parametrize("text", [None, "", "a,b\n1,2\n"])
def test_another_file_is_refused(text, tmp_path):
    path = tmp_path / "other.csv"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UnreadableFile, match=r"other\.csv"):
        RecordedDelays(file=str(path))


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null", "."])
def test_what_is_no_plain_file_is_not_read(path):
    with pytest.raises(UnreadableFile, match="is no plain file"):
        read(path)
