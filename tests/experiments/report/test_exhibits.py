"""What a run declares is on its page, whoever wrote the run."""

import json

import pytest

from rallypoint.config import to_dict
from rallypoint.errors import InvalidConfig, UnreadableFile
from rallypoint.experiments.exhibits import Exhibit
from rallypoint.experiments.report.recorded import read_run
from rallypoint.run_folder import RunFolder
from tests.experiments.report.toy_runs import edit, page_of, write_run

LEARNING = Exhibit(kind="learning", measure="loss", over="round", lines=("rule",), title="losses")
SWEEP = Exhibit(kind="breakdown", measure="left", over="f", lines=("rule",), title="sweep")
BOUND = Exhibit(kind="certificate", measure="left", certified="sure", over="size", title="bound")
SCORES = Exhibit(kind="scores", measure="score", lines=("rule",), title="scores")
ALL = (LEARNING, SWEEP, BOUND, SCORES)


def shown_run(path, exhibits=ALL, *, seeds=(0, 1, 2), shift=0.0, **config):
    """Write a run whose rows are of four kinds."""
    about = {"exhibits": [to_dict(exhibit) for exhibit in exhibits]} if exhibits else {}
    with RunFolder(path, experiment="toy", config=config, seeds=seeds, about=about) as folder:
        for seed in seeds:
            for rule in ("mean", "median"):
                at = {"rule": rule, "seed": seed}
                for place in range(4):
                    value = place + seed / 10 + shift
                    folder.add_row({**at, "round": place, "loss": value, "aside": value})
                    folder.add_row({**at, "f": place, "left": -value})
                    folder.add_row({"seed": seed, "size": place, "left": 9 - value, "sure": 1.0})
                folder.add_row({**at, "score": seed + shift + (rule == "mean")})
    return path


def test_every_kind_has_its_part_of_the_page(tmp_path):
    page = page_of(shown_run(tmp_path / "run"))
    for heading in (
        "Learning curves",
        "Breakdown curves",
        "Certificates beside attacks",
        "Scores compared",
        "Probability of improvement",
    ):
        assert heading in page.text
    assert "losses" in page.text
    assert "At all 4 sizes what is certified is left." in page.text
    assert "1 more curve" in page.text  # the column aside, which nobody declared


def test_every_drawing_has_a_title_and_a_description(tmp_path):
    page = page_of(shown_run(tmp_path / "run"))
    ids = page.ids()
    drawings = [svg for svg in page.all("svg") if svg.get("role") == "img"]
    assert len(drawings) > 4
    for svg in drawings:
        assert svg.get("aria-label") or {svg["aria-labelledby"], svg["aria-describedby"]} <= {*ids}


def test_runs_beside_each_other_are_lines_of_one_drawing(tmp_path):
    folders = [
        shown_run(tmp_path / f"{rate}-{first}", rate=rate, seeds=(first, first + 1), shift=rate)
        for rate in (1, 2)
        for first in (0, 5)
    ]
    page = page_of(*folders)
    beside = page.text.partition("runs side by side")[2].partition("Run it again")[0]
    assert "rate = 1" in beside
    assert "Interquartile mean over 4 seeds" in beside  # two runs of one setting are one line
    assert "Probability of improvement" in beside


def test_runs_in_two_environments_share_no_drawing(tmp_path):
    folders = [
        shown_run(tmp_path / f"{env}-{rate}", [LEARNING, SCORES], env=env, rate=rate, shift=rate)
        for env in ("meadow-v0", "forest-v0")
        for rate in (1, 2)
    ]
    page = page_of(*folders)
    beside = page.text.partition("runs side by side")[2].partition("Run it again")[0]
    for kind in ("scores", "losses"):
        for env in ("meadow-v0", "forest-v0"):
            assert f"{kind}, {env}" in beside
    alone = page_of(folders[0], folders[2]).text.partition("runs side by side")[2]
    assert "Scores compared" not in alone.partition("Run it again")[0]


def test_runs_that_differ_in_seeds_alone_are_one_line(tmp_path):
    folders = [  # a training has its seed among its settings, too
        shown_run(tmp_path / f"{seed}", [LEARNING], seeds=(seed,), seed=seed) for seed in range(3)
    ]
    beside = page_of(*folders).text.partition("runs side by side")[2]
    assert "Interquartile mean over 3 seeds" in beside


def test_the_cells_of_a_sweep_are_lines(tmp_path):
    about = {"exhibits": [to_dict(LEARNING)], "cells": []}
    with RunFolder(tmp_path / "a", experiment="toy", config={}, seeds=(0,), about=about) as folder:
        for cell in ("rate=1", "rate=2"):
            for place in range(3):
                folder.add_row({"cell": cell, "rule": "x", "seed": 0, "round": place, "loss": 1.0})
    text = page_of(tmp_path / "a").text
    assert "losses, x" in text
    assert "rate=1 rate=2" in text


def test_a_page_of_many_figures_says_what_it_leaves_out(tmp_path):
    with RunFolder(tmp_path / "run", experiment="toy", config={}, seeds=(0,)) as folder:
        for place in range(3):
            folder.add_row({"step": place, **{f"m{number}": 1.0 for number in range(70)}})
    assert "Only the first 60 figures are shown." in page_of(tmp_path / "run").text


@pytest.mark.parametrize(
    "exhibit",
    [
        {},
        {"kind": "pie", "measure": "x", "over": "y"},
        {"kind": "learning", "measure": "x"},
        {"kind": "learning", "measure": "", "over": "y"},
        {"kind": "certificate", "measure": "x", "over": "y"},
        {"kind": "learning", "measure": ["x"], "over": "y"},
        {"kind": "breakdown", "measure": "x", "over": "y", "where": [1]},
        "learning",
    ],
)
def test_an_exhibit_that_cannot_be_meant_is_refused_with_its_file(exhibit, tmp_path):
    run = write_run(tmp_path / "run")
    edit(run / "manifest.json", exhibits=[exhibit])
    with pytest.raises(UnreadableFile, match=r"manifest\.json is no manifest"):
        read_run(run)


@pytest.mark.parametrize("kind", ["learning", "breakdown", "certificate", "scores"])
def test_columns_that_hold_anything_are_no_reason_to_fail(kind, tmp_path):
    certified = "c" if kind == "certificate" else ""
    exhibit = Exhibit(
        kind=kind,
        measure="m",
        over="o",
        lines=("l",),
        among=("a",),
        certified=certified,
        where={"w": (1, [1], {"x": 1}, None)},
        withstands="{l}/{w}",
    )
    about = {"exhibits": [to_dict(exhibit)]}
    values = [None, True, "<b>", [1, None, "x", [2]], {"a": 1, "b": [1, 2, 3]}, 1e308, -1e99, 0.0]
    with RunFolder(tmp_path / "a", experiment="toy", config={}, seeds=(0,), about=about) as folder:
        for place in range(300):
            row = {key: values[place * step % 8] for step, key in enumerate("mlaoc", start=1)}
            folder.add_row({**row, "w": values[3 * place % 8] or 1, "seed": place % 3})
    assert "<b>" not in {tag for tag, _ in page_of(tmp_path / "a").elements}


def test_a_declaration_says_what_is_missing():
    with pytest.raises(InvalidConfig, match="names the columns measure and over"):
        Exhibit(kind="breakdown", measure="left")
    with pytest.raises(InvalidConfig, match="names the column certified"):
        Exhibit(kind="learning", measure="left", over="f", certified="sure")


def test_it_is_written_down_as_it_is_read(tmp_path):
    run = shown_run(tmp_path / "run")
    assert read_run(run).exhibits == ALL
    assert json.loads((run / "manifest.json").read_text())["exhibits"][0]["lines"] == ["rule"]
