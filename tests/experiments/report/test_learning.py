"""Learning curves: found in rows, put on one grid, and averaged over seeds."""

import numpy as np
import pytest
from scipy.stats import trim_mean

from rallypoint.experiments.exhibits import Exhibit
from rallypoint.experiments.report.found import found_exhibits
from rallypoint.experiments.report.learning import learning_figures, on_one_grid


def rows(name="T1", *, moments=(1, 10, 100), seeds=(0, 1), clock="step", **more):
    return tuple(
        {"claim": name, clock: at, "seed": seed, "share": 0.001 * at + 0.1 * seed, **more}
        for at in moments
        for seed in seeds
    )


def found(rows, declared=()):
    return [
        figure
        for exhibit, own in found_exhibits(rows, declared)
        for figure in learning_figures(exhibit, own)
    ]


def test_rows_with_a_clock_make_a_curve_per_measure():
    (figure,) = found(rows())
    assert (figure.title, figure.measure, figure.over) == ("T1", "share", "step")
    (series,) = figure.series
    assert [point.at for point in series.points] == [1, 10, 100]
    assert series.points[0].value == pytest.approx(0.051)
    assert series.points[0].interval == pytest.approx((0.001, 0.101))
    assert len(series.thin) == 2


def test_rows_without_a_clock_or_with_two_moments_make_none():
    assert found(({"claim": "T1", "seed": 0, "share": 1.0},)) == []
    assert found(rows(moments=(1, 2))) == []


def test_what_is_declared_is_not_found_once_more():
    exhibit = Exhibit(kind="learning", measure="share", over="step")
    assert found(rows(), [exhibit]) == []


def test_words_in_rows_become_lines_of_one_curve():
    (figure,) = found(rows(cell="x=1") + rows(cell="x=2"))
    assert [series.name for series in figure.series] == ["x=1", "x=2"]


def test_more_lines_than_colours_are_spread_and_styles_stay_apart():
    many = tuple(row for cell in range(9) for row in rows(cell=f"x={cell}"))
    figures = found(many)
    assert [len(figure.series) for figure in figures] == [7, 2]
    for figure in figures:
        assert len({series.style for series in figure.series}) == len(figure.series)
    assert figures[0].extent == figures[1].extent  # so that they can be compared


def test_what_is_no_number_is_no_point():
    spoilt = tuple(
        {**row, "share": None if row["step"] == 10 else row["share"]}
        for row in rows(moments=(1, 5, 10, 20))
    )
    (figure,) = found(spoilt)
    assert [point.at for point in figure.series[0].points] == [1, 5, 20]
    assert found(tuple({**row, "share": "high", "step": True} for row in rows())) == []


def test_a_long_curve_is_thinned_but_keeps_its_ends():
    (figure,) = found(rows(moments=range(5000), seeds=(0,)))
    points = figure.series[0].points
    assert len(points) < 100
    assert (points[0].at, points[-1].at) == (0, 4999)
    assert figure.note == "One seed."


def test_the_line_is_the_interquartile_mean(rng):
    values = rng.standard_normal((8, 3))
    told = tuple(
        {"step": step, "seed": seed, "loss": float(values[seed, step])}
        for seed in range(8)
        for step in range(3)
    )
    (figure,) = found(told)
    drawn = [point.value for point in figure.series[0].points]
    assert drawn == pytest.approx(trim_mean(values, 0.25, axis=0))
    for point in figure.series[0].points:
        low, high = point.interval
        assert low <= point.value <= high


def test_seeds_with_other_moments_meet_where_all_of_them_are():
    one = {0.0: 0.0, 10.0: 10.0, 20.0: 20.0}
    other = {5.0: 10.0, 15.0: 30.0, 30.0: 60.0}
    moments, found = on_one_grid([one, other])
    assert moments.tolist() == [5, 10, 15, 20]
    np.testing.assert_allclose(found, [[5, 10, 15, 20], [10, 20, 30, 40]])


def test_a_list_is_a_curve_of_its_own():
    told = tuple({"seed": seed, "returns": [1.0, 2.0, 4.0 + seed]} for seed in range(3))
    exhibit = Exhibit(kind="learning", measure="returns", over="round")
    (figure,) = learning_figures(exhibit, told)
    assert [(point.at, point.value) for point in figure.series[0].points] == [
        (1, 1),
        (2, 2),
        (3, 5),
    ]


def test_a_list_may_have_its_moments_beside_it():
    told = ({"seed": 0, "at": [10, 20, 40], "returns": [1.0, 2.0, 3.0]},)
    exhibit = Exhibit(kind="learning", measure="returns", over="at")
    (figure,) = learning_figures(exhibit, told)
    assert [point.at for point in figure.series[0].points] == [10, 20, 40]


def test_settings_that_are_put_together_are_strata():
    told = rows("T1", task="easy") + rows("T1", task="hard")
    exhibit = Exhibit(kind="learning", measure="share", over="step", among=("task",))
    (figure,) = learning_figures(exhibit, told)
    assert "2 seeds in each of 2 settings" in figure.note
    assert len(figure.series[0].thin) == 4
