"""The page of a hundred runs: runs that differ in everything, and what is said of the page."""

import importlib
import io

import pytest
from PIL import Image

from rallypoint.experiments.report.recorded import read_run
from tests.experiments.report.toy_runs import write_run


@pytest.fixture
def report(bench):
    """Return the module."""
    return importlib.import_module("report")


def test_another_run_differs_in_numbers_seeds_and_pictures(report, tmp_path):
    one = read_run(write_run(tmp_path / "one"))
    report.another(one, tmp_path / "other", 7)
    other = read_run(tmp_path / "other")
    assert other.summary.seeds == (21, 22, 23)
    assert len(other.rows) == len(one.rows)
    assert not any(a == b for a, b in zip(one.rows, other.rows, strict=True))
    assert not {picture.uri for picture in one.pictures} & {p.uri for p in other.pictures}
    assert [claim.id for claim in other.summary.claims] == [c.id for c in one.summary.claims]


def test_a_film_stays_one(report, tmp_path):
    run = write_run(tmp_path / "one")
    with Image.open(io.BytesIO(report.numbered(run / "T1-learning.png", 3))) as image:
        assert image.format == "PNG"
    frames = [Image.new("L", (60, 40), 20 * number) for number in range(9)]
    frames[0].save(run / "long.gif", save_all=True, append_images=frames[1:])
    with Image.open(io.BytesIO(report.numbered(run / "long.gif", 3))) as film:
        assert film.n_frames == 3


@pytest.mark.parametrize(("seconds", "verdict"), [(19.0, "met"), (21.0, "missed")])
def test_goals_are_those_of_a_hundred_runs(report, shown, seconds, verdict):
    found = {"runs": 100, "seconds": seconds, "wall_seconds": 30.0, "megabytes": 9.0}
    line = next(
        line
        for line in shown(report.table(found | {"folders_megabytes": 60.0})).splitlines()
        if "CPU seconds" in line
    )
    assert verdict in line
    assert "≤ 20" in line
    few = shown(report.table(found | {"runs": 20, "folders_megabytes": 60.0}))
    assert "≤ 4" in few
