"""Finished pieces: made once, the same afterwards, and none but one's own."""

import numpy as np
import pytest

from rallypoint.errors import InvalidConfig, UnreadableFile
from rallypoint.experiments.kept import Kept


def never():
    raise AssertionError("it is kept")


def test_a_piece_is_made_once_and_comes_back_as_it_was(tmp_path):
    made = {"found": np.arange(3.0), "told": np.array(True)}
    about = {"seeds": (0, 1), "size": 0.1}
    first = Kept(str(tmp_path)).piece("a/b", about, lambda: made)
    again = Kept(str(tmp_path)).piece("a/b", about, never)
    assert first is made
    assert set(again) == set(made)
    assert all((again[name] == made[name]).all() for name in made)


def test_without_a_folder_nothing_is_kept(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    kept = Kept("")
    counts = [kept.piece("a", {}, lambda n=n: {"n": np.array(n)})["n"] for n in range(2)]
    assert counts == [0, 1]
    assert not list(tmp_path.iterdir())


def test_plain_values_are_kept_likewise(tmp_path):
    kept = Kept(str(tmp_path))
    assert not kept.has("a/b")
    for make in (lambda: {"found": [1, 2.5, None]}, never):
        assert kept.plain("a/b", {"seeds": (0, 1)}, make) == {"found": [1, 2.5, None]}
    assert kept.has("a/b")


@pytest.mark.parametrize("way", ["piece", "plain"])
def test_a_piece_of_other_settings_is_refused(tmp_path, way):
    kept = getattr(Kept(str(tmp_path)), way)
    kept("a", {"seed": 1}, dict)
    with pytest.raises(InvalidConfig, match="keep those of this run in another folder"):
        kept("a", {"seed": 2}, never)


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"about": 3, "piece": 1}'])
def test_damaged_plain_values_are_refused(tmp_path, damage):
    kept = Kept(str(tmp_path))
    kept.plain("a", {}, dict)
    (tmp_path / "a.json").write_bytes(damage)
    with pytest.raises(UnreadableFile, match=r"a\.json is no readable finished piece"):
        kept.plain("a", {}, never)


@pytest.mark.parametrize("damage", [b"", b"PK", b"no archive"])
def test_a_damaged_piece_is_refused(tmp_path, damage):
    kept = Kept(str(tmp_path))
    kept.piece("a/b", {}, dict)
    (tmp_path / "a" / "b.npz").write_bytes(damage)
    with pytest.raises(UnreadableFile, match=r"b\.npz is no readable finished piece \(remove it"):
        kept.piece("a/b", {}, never)


def test_who_is_stopped_leaves_no_half_of_a_piece(tmp_path):
    def stopped():
        raise KeyboardInterrupt

    kept = Kept(str(tmp_path))
    with pytest.raises(KeyboardInterrupt):
        kept.piece("a", {}, stopped)
    assert not list(tmp_path.iterdir())
    assert kept.piece("a", {}, lambda: {"n": np.array(1)})["n"] == 1
