"""``rallypoint verify`` of a sweep: its cells, and what it tells of them."""

import json
import shutil
from pathlib import Path

import pytest

from tests.experiments.verify.forging import edited, heads_of, measured, states


def test_a_sweep_is_looked_at_whole_and_its_cheapest_cell_run_again(rallypoint):
    rallypoint("run", "toy", "--throws", "100,300", "--out", "run")
    edited("run/throws=100/manifest.json", lambda content: content.update(wall_seconds=9))
    seal = json.loads(Path("run/throws=100/manifest.json").read_text())["seal"]
    edited("run/manifest.json", lambda content: content["seals"].update({"throws=100": seal}))
    found = states(rallypoint, "run", "--seconds", 2)
    assert found["throws=300: rows"] == "same"
    assert "throws=100: rows" not in found
    assert found["not run again"] == "not checked"
    found = states(rallypoint, "run", "--all")
    assert found["throws=300: rows"] == found["throws=100: rows"] == "same"
    assert "not run again" not in found
    edited("run/throws=100/metrics.jsonl", heads_of(0, 0), sealed=False)
    assert states(rallypoint, "run", status=1)["throws=100: files"] == "differs"


def test_a_cell_that_was_changed_with_its_seal_is_found_by_that_of_the_sweep(rallypoint):
    rallypoint("run", "toy", "--throws", "100,300", "--out", "run")
    assert states(rallypoint, "run", "--seconds", 0)["cells"] == "same"
    edited("run/throws=100/manifest.json", lambda content: content.update(wall_seconds=9))
    found = states(rallypoint, "run", "--seconds", 0, status=1)
    assert found["throws=100: manifest"] == "same"
    assert found["cells"] == "differs"


FORGED_SWEEPS = {
    "a row": ("metrics.jsonl", heads_of(1, 0.5)),
    "a claim": ("summary.json", measured),
    "a metric": ("summary.json", lambda c: c["metrics"].update({"sides/throws=100": [3]})),
    "a receipt": (
        "receipts.json",
        lambda c: c["receipts"]["T1/heads/throws=100"][0].update(throws=7),
    ),
    "the list of cells": ("manifest.json", lambda c: c["cells"].pop()),
    "seals of cells": ("manifest.json", lambda c: c.pop("seals")),
    "a cell's seal": ("manifest.json", lambda c: c["seals"].pop("throws=100")),
}


@pytest.mark.parametrize(("file", "change"), FORGED_SWEEPS.values(), ids=FORGED_SWEEPS)
def test_a_sweep_that_tells_otherwise_than_its_cells_is_found(file, change, rallypoint):
    rallypoint("run", "toy", "--throws", "100,300", "--out", "run")
    assert states(rallypoint, "run", "--seconds", 0)["cells"] == "same"
    edited(f"run/{file}", change)
    assert states(rallypoint, "run", "--seconds", 0, status=1)["cells"] == "differs"


def test_a_cell_that_was_taken_away_is_missed_unless_it_was_never_reached(rallypoint):
    rallypoint("run", "toy", "--throws", "100,300", "--out", "run")
    shutil.rmtree("run/throws=300")
    done = rallypoint("verify", "run", "--seconds", 0)
    assert "cells: throws=300 is missing" in done.err
    rallypoint("run", "toy", "--throws", "100,300", "--stop", "--out", "broken")
    assert states(rallypoint, "broken", "--seconds", 0)["cells"] == "not checked"
