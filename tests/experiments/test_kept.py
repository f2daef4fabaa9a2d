"""Finished pieces: made once, the same afterwards, and none but one's own."""

import json

import numpy as np
import pytest

from rallypoint.array_files import read_arrays, write_arrays
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


EDITS = {
    "a value": lambda piece: piece.update(told=[2.0, 2.0]),
    "one value less": lambda piece: piece.update(told=[1.0]),
    "another kind": lambda piece: piece.update(told=["1.0", "2.0"]),
    "nothing of a name": lambda piece: piece.pop("told"),
    "one name more": lambda piece: piece.update(more=[1.0]),
    "another name": lambda piece: piece.update(tell=piece.pop("told")),
}


@pytest.mark.parametrize("how", EDITS)
def test_edited_plain_values_are_refused(tmp_path, how):
    made = {"told": [1.0, np.float64(2.0)], "found": (1, None)}
    Kept(str(tmp_path)).plain("a", {"seed": 1}, lambda: made)
    path = tmp_path / "a.json"
    content = json.loads(path.read_text())
    EDITS[how](content["piece"])
    path.write_text(json.dumps(content))
    with pytest.raises(UnreadableFile, match=r"a\.json was edited after it was finished \(remove"):
        Kept(str(tmp_path)).plain("a", {"seed": 1}, never)
    content.pop("piece")
    path.write_text(json.dumps(content))
    with pytest.raises(UnreadableFile, match="was edited"):
        Kept(str(tmp_path)).plain("a", {"seed": 1}, never)


@pytest.mark.parametrize("how", EDITS)
def test_an_edited_piece_is_refused(tmp_path, how):
    made = {"told": np.array([1.0, 2.0]), "found": np.array(True)}
    Kept(str(tmp_path)).piece("a", {"seed": 1}, lambda: made)
    path = tmp_path / "a.npz"
    arrays, told = read_arrays(path, what="piece")
    EDITS[how](arrays)
    write_arrays(path, {name: np.array(array) for name, array in arrays.items()}, told)
    with pytest.raises(UnreadableFile, match=r"a\.npz was edited after it was finished \(remove"):
        Kept(str(tmp_path)).piece("a", {"seed": 1}, never)


def test_a_piece_without_a_digest_is_refused(tmp_path):
    Kept(str(tmp_path)).plain("a", {"seed": 1}, lambda: {"told": 1})
    path = tmp_path / "a.json"
    content = json.loads(path.read_text())
    content.pop("digest")
    path.write_text(json.dumps(content))
    with pytest.raises(UnreadableFile, match="was edited"):
        Kept(str(tmp_path)).plain("a", {"seed": 1}, never)


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
