"""``rallypoint run --resume``: cells that are finished stay, and all else is run again."""

import json
from pathlib import Path

import pytest

from rallypoint import run_folder
from rallypoint.experiments import resuming

SWEEP = ("run", "toy", "--throws", "100,300", "--seeds", 3, "--out", "run")


@pytest.fixture(autouse=True)
def _a_commit(monkeypatch):
    """Whoever works on the checkout meanwhile changes nothing here."""
    for module in (run_folder, resuming):
        monkeypatch.setattr(module, "commit", lambda: {"id": "1", "modified": False})


def told(folder="run"):
    """Return what a sweep tells, without times."""
    summary = json.loads(Path(folder, "summary.json").read_text())
    receipts = json.loads(Path(folder, "receipts.json").read_text())
    return (
        {key: summary[key] for key in ("claims", "metrics", "seeds", "config", "valid")},
        Path(folder, "metrics.jsonl").read_text(),
        receipts,
    )


def began(cell):
    """Return what shows whether a cell was run again."""
    return Path(f"run/throws={cell}/manifest.json").stat().st_mtime_ns


def broken_off(rallypoint, cell=300):
    """Run the sweep, and let a cell of it be as a kill would have left it."""
    assert rallypoint(*SWEEP).status == 0
    whole = told()
    path = Path(f"run/throws={cell}/manifest.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"status": "running"}))
    return whole


def test_what_is_finished_is_not_run_again_and_the_sweep_tells_the_same(rallypoint):
    whole = broken_off(rallypoint)
    before = {cell: began(cell) for cell in (100, 300)}
    done = rallypoint(*SWEEP, "--resume")
    assert done.status == 0, done.err
    assert "finished before: throws=100" in done.err
    assert told() == whole
    assert began(100) == before[100]
    assert began(300) != before[300]
    assert rallypoint("verify", "run").status == 0


def other_commit(monkeypatch):
    monkeypatch.setattr(resuming, "commit", lambda: {"id": "2", "modified": False})


def other_plot(monkeypatch):
    Path("run/throws=100/plots/heads.txt").write_text("tails\n")


CHANGES = {
    "another setting": (("--bias", 0.7), None),
    "other seeds": (("--seed", 1), None),
    "another budget": (("--quick",), None),
    "another commit": ((), other_commit),
    "a file that was changed": ((), other_plot),
}


@pytest.mark.parametrize(("more", "change"), CHANGES.values(), ids=CHANGES)
def test_a_cell_that_would_come_out_otherwise_is_run_again(more, change, rallypoint, monkeypatch):
    broken_off(rallypoint)
    before = began(100)
    if change is not None:
        change(monkeypatch)
    done = rallypoint(*SWEEP, *more, "--resume")
    assert done.status == 0, done.err
    assert "finished before: no cell" in done.err
    assert began(100) != before
    assert rallypoint("verify", "run", "--seconds", 0).status == 0


def test_it_is_refused_where_there_are_no_cells_to_keep(rallypoint):
    for words in (("run", "toy", "--out", "run"), SWEEP[:-2]):
        done = rallypoint(*words, "--resume")
        assert done.status == 2
        assert "--resume goes on with a sweep" in done.err
