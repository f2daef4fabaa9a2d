"""Scores compared: who is first, by how much, and how likely better."""

from itertools import pairwise, product

import numpy as np
import pytest

from rallypoint.experiments.exhibits import Exhibit
from rallypoint.experiments.report.charts import draw_chart
from rallypoint.experiments.report.comparison import compared
from rallypoint.scores import iqm

SCORES = Exhibit(kind="scores", measure="return", lines=("rule",), among=("attack",))


def runs(values, attack="loud"):
    """Return a row for each value of each rule, its place being the seed."""
    return tuple(
        {"rule": rule, "attack": attack, "seed": seed, "return": float(value)}
        for rule, own in values.items()
        for seed, value in enumerate(own)
    )


def test_the_best_stands_first_and_all_pairs_are_compared(rng):
    values = {name: rng.normal(mean, 1, 6) for name, mean in (("low", 0), ("high", 3), ("mid", 1))}
    (found,) = compared(SCORES, runs(values))
    assert [place.name for place in found.places] == ["high", "mid", "low"]
    for place in found.places:
        assert place.score.measured == pytest.approx(iqm(values[place.name]), rel=1e-5)
    for row, one in enumerate(found.places):
        for column, other in enumerate(found.places):
            pair = found.pairs[row][column]
            if row == column:
                assert pair is None
                continue
            share = np.mean([a > b for a, b in product(values[one.name], values[other.name])])
            assert pair.score.measured == pytest.approx(share, abs=1e-5)
            low, high = pair.score.interval
            assert pair.is_told == (not low <= 0.5 <= high)


def test_where_less_is_better_the_least_stands_first():
    exhibit = Exhibit(kind="scores", measure="return", lines=("rule",), less_is_better=True)
    (found,) = compared(exhibit, runs({"a": [5, 6, 7], "b": [1, 2, 3]}))
    assert [place.name for place in found.places] == ["b", "a"]
    assert found.pairs[0][1].score.measured == 1
    (figure,) = found.profiles
    assert figure.measure == "share of runs at or below"
    shares = {point.at: point for point in figure.series[0].points}
    assert [shares[at].value for at in (1, 2, 3)] == pytest.approx([1 / 3, 2 / 3, 1])
    assert all(low <= high for low, high in (point.interval for point in shares.values()))


def test_a_profile_is_the_share_of_runs_above_each_score():
    (found,) = compared(SCORES, runs({"a": [1, 2, 2, 4], "b": [3, 3, 3, 3]}))
    (figure,) = found.profiles
    series = {each.name: each for each in figure.series}
    shares = {point.at: point.value for point in series["a"].points}
    assert (shares[1], shares[2], shares[3], shares[4]) == (0.75, 0.25, 0.25, 0)
    line = next(line for line in draw_chart(figure).lines if line.name == "a")
    corners = [tuple(map(float, place.split(","))) for place in line.mean.split()]
    assert all(a[0] == b[0] or a[1] == b[1] for a, b in pairwise(corners))


def test_only_what_all_have_is_compared():
    rows = runs({"a": [1, 2], "b": [3, 4]}) + runs({"a": [9, 9]}, attack="only of a")
    (found,) = compared(SCORES, rows)
    assert found.places[1].score.measured == 1.5
    assert "1 strata that not all have are left out" in found.note


def test_the_last_row_of_a_run_is_its_score():
    rows = tuple(
        {"rule": rule, "attack": "x", "seed": seed, "return": value}
        for rule in "ab"
        for seed in (0, 1)
        for value in (0.0, 7.0)
    )
    (found,) = compared(SCORES, rows)
    assert {place.score.measured for place in found.places} == {7.0}


def test_one_line_or_one_run_each_is_no_comparison():
    assert list(compared(SCORES, runs({"a": [1, 2, 3]}))) == []
    assert list(compared(SCORES, runs({"a": [1], "b": [2]}))) == []


def test_of_too_many_the_best_are_shown():
    (found,) = compared(SCORES, runs({f"r{place}": [place, place] for place in range(20)}))
    assert [place.name for place in found.places] == [f"r{place}" for place in range(19, 7, -1)]
    assert "The best 12 of 20 are shown." in found.note
