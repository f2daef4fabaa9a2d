"""Curves, found in rows and drawn."""

import pytest

from rallypoint.experiments.report.charts import HEIGHT, WIDTH, draw_chart
from rallypoint.experiments.report.curves import find_curves


def rows(name="T1", *, moments=(1, 10, 100), seeds=(0, 1), clock="step", **more):
    return tuple(
        {"claim": name, clock: at, "seed": seed, "share": 0.001 * at + 0.1 * seed, **more}
        for at in moments
        for seed in seeds
    )


def test_rows_with_a_clock_make_a_curve_per_measure():
    (curve,) = find_curves(rows())
    assert (curve.about, curve.measure, curve.clock) == ("T1", "share", "step")
    (series,) = curve.series
    assert [point.at for point in series.points] == [1, 10, 100]
    assert series.points[0].mean == pytest.approx(0.051)
    assert series.points[0].interval == (0.001, 0.101)
    assert len(series.seeds) == 2


def test_rows_without_a_clock_or_with_two_moments_make_none():
    assert find_curves(({"claim": "T1", "seed": 0, "share": 1.0},)) == ()
    assert find_curves(rows(moments=(1, 2))) == ()


def test_conditions_become_lines_of_one_curve():
    (curve,) = find_curves(rows(cell="x=1") + rows(cell="x=2"))
    assert [series.name for series in curve.series] == ["x=1", "x=2"]


def test_more_lines_than_colours_are_spread_over_several_curves():
    many = tuple(row for cell in range(9) for row in rows(cell=f"x={cell}"))
    assert [len(curve.series) for curve in find_curves(many)] == [7, 2]


def test_what_is_no_number_is_no_point():
    spoilt = tuple(
        {**row, "share": None if row["step"] == 10 else row["share"]}
        for row in rows(moments=(1, 5, 10, 20))
    )
    (curve,) = find_curves(spoilt)
    assert [point.at for point in curve.series[0].points] == [1, 5, 20]
    assert find_curves(tuple({**row, "share": "high", "step": True} for row in rows())) == ()


def test_a_long_curve_is_thinned_but_keeps_its_ends():
    (curve,) = find_curves(rows(moments=range(5000), seeds=(0,)))
    points = curve.series[0].points
    assert len(points) < 100
    assert (points[0].at, points[-1].at) == (0, 4999)


def test_everything_drawn_lies_inside_the_drawing():
    chart = draw_chart(find_curves(rows() + rows("T1", clock="step", cell="x"))[0])
    for line in chart.lines:
        for points in (line.mean, line.band, *line.seeds):
            for point in points.split():
                x, y = map(float, point.split(","))
                assert 0 <= x <= WIDTH
                assert 0 <= y <= HEIGHT


def test_moments_spread_by_factors_get_a_logarithmic_axis():
    chart = draw_chart(find_curves(rows(moments=(1, 3, 10, 30, 100, 1000)))[0])
    assert chart.x_label == "step (logarithmic)"
    assert [tick.text for tick in chart.x_ticks] == ["1", "10", "100", "1,000"]
    assert draw_chart(find_curves(rows(moments=range(1, 100)))[0]).x_label == "step"


def test_a_flat_line_can_be_drawn():
    flat = tuple({"step": step, "loss": 0.0} for step in range(5))
    (line,) = draw_chart(find_curves(flat)[0]).lines
    assert line.mean
    assert not line.band
