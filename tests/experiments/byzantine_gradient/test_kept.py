"""Finished runs on disk: nobody runs them again, and nobody takes others for them."""

import dataclasses
import json

import pytest

from rallypoint.errors import InvalidConfig, UnreadableFile
from rallypoint.experiments.byzantine_gradient import cells
from rallypoint.experiments.byzantine_gradient.cells import Grid, run_cells
from rallypoint.experiments.byzantine_gradient.kept import Kept
from rallypoint.experiments.byzantine_gradient.setting import Setting
from tests.experiments.progress import no_progress

SMALL = Setting(rounds=2, episodes=1)
GRID = Grid(SMALL, ("none", "sign_flip"), ("mean", "median"))


def run(kept, seeds=(0, 1), grid=GRID):
    return list(run_cells(grid, seeds, kept, no_progress))


def test_kept_runs_are_not_run_again(tmp_path, monkeypatch):
    first = run(Kept(str(tmp_path)))
    monkeypatch.setattr(cells, "train", lambda *_: pytest.fail("they are finished"))
    assert run(Kept(str(tmp_path))) == first


def test_a_grid_that_is_gone_on_with_is_the_one_that_was_not_stopped(tmp_path, monkeypatch):
    whole = run(Kept(""), seeds=(0, 1, 2))
    train, calls = cells.train, []

    def stops(setting, attack, runs):
        calls.append(attack)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return train(setting, attack, runs)

    monkeypatch.setattr(cells, "train", stops)
    with pytest.raises(KeyboardInterrupt):
        run(Kept(str(tmp_path)), seeds=(1, 2))
    assert run(Kept(str(tmp_path)), seeds=(0, 1, 2)) == whole


def test_a_few_at_a_time_are_all_at_once(monkeypatch):
    whole = run(Kept(""))
    monkeypatch.setattr(cells, "_CARTS", 10)
    assert run(Kept("")) == whole


def test_runs_of_another_setting_are_not_taken_for_these(tmp_path):
    kept = Kept(str(tmp_path))
    run(kept)
    longer = dataclasses.replace(SMALL, rounds=3)
    with pytest.raises(InvalidConfig, match="another folder"):
        run(kept, grid=GRID._replace(setting=longer))


@pytest.mark.parametrize(
    "change",
    [
        lambda _: "",
        lambda _: [1],
        lambda told: told | {"runs": "many"},
        lambda told: told | {"runs": {"zero": told["runs"]["0"]}},
        lambda told: told | {"runs": {"0": {}}},
    ],
    ids=["no table", "a list", "runs that are none", "a seed that is no number", "an empty run"],
)
def test_a_file_that_is_broken_is_refused_with_what_to_do(change, tmp_path):
    kept = Kept(str(tmp_path))
    run(kept)
    path = tmp_path / SMALL.name / "none" / "mean.json"
    path.write_text(json.dumps(change(json.loads(path.read_text()))))
    with pytest.raises(UnreadableFile, match="remove it"):
        run(kept)
    path.write_text("{")
    with pytest.raises(UnreadableFile, match="remove it"):
        run(kept)


def test_without_a_folder_nothing_is_kept(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run(Kept(""))
    assert not list(tmp_path.iterdir())


def test_what_is_kept_stays_when_more_is_kept(tmp_path):
    kept = Kept(str(tmp_path))
    run(kept, seeds=(0, 1))
    run(kept, seeds=(2,))
    assert set(kept.of(SMALL, "sign_flip", "median")) == {0, 1, 2}
