"""Figures, drawn."""

import pytest

from rallypoint.experiments.report.charts import HEIGHT, WIDTH, draw_chart
from rallypoint.experiments.report.figures import Figure, Point, Series, extent
from rallypoint.experiments.report.markers import marked


def figure(*lines, **more):
    drawn = tuple(
        Series(
            name=f"line {number}",
            style=number,
            points=tuple(Point(at, value, (value - 0.1, value + 0.2)) for at, value in points),
            thin=(tuple((at, value + 0.3) for at, value in points),),
        )
        for number, points in enumerate(lines)
    )
    about = {"kind": "learning", "title": "t", "measure": "share", "over": "step", "note": "n"}
    return Figure(series=drawn, extent=extent(drawn), **{**about, **more})


def places(text):
    return [tuple(map(float, place.split(","))) for place in text.split()]


def test_everything_drawn_lies_inside_the_drawing():
    chart = draw_chart(figure([(1, 5.0), (2, -3.0), (9, 100.0)], [(0, 1.0), (20, 2.0), (30, 3.0)]))
    for line in chart.lines:
        for text in (line.mean, line.band, *line.thin):
            for x, y in places(text):
                assert 0 <= x <= WIDTH
                assert 0 <= y <= HEIGHT


def test_more_is_drawn_higher_and_later_to_the_right():
    (line,) = draw_chart(figure([(0, 1.0), (1, 2.0), (2, 4.0)])).lines
    xs, ys = zip(*places(line.mean), strict=True)
    assert xs == tuple(sorted(xs))
    assert ys == tuple(sorted(ys, reverse=True))


def test_moments_spread_by_factors_get_a_logarithmic_axis():
    spread = [(at, 0.5) for at in (1, 3, 10, 30, 100, 1000)]
    chart = draw_chart(figure(spread))
    assert chart.x_label == "step (logarithmic)"
    assert [tick.text for tick in chart.x_ticks] == ["1", "10", "100", "1,000"]
    assert draw_chart(figure([(at, 0.5) for at in range(1, 100)])).x_label == "step"


def test_values_spread_by_factors_do_too():
    chart = draw_chart(figure([(0, 0.2), (1, 3.0), (2, 900.0)]))
    assert chart.y_label == "share (logarithmic)"
    assert {"1", "10", "100"} <= {tick.text for tick in chart.y_ticks}


def test_counts_get_whole_ticks():
    texts = [tick.text for tick in draw_chart(figure([(0, 1.0), (1, 2.0), (2, 3.0)])).x_ticks]
    assert texts == ["0", "1", "2"]


def test_a_flat_line_can_be_drawn():
    flat = Series(name="", points=tuple(Point(step, 0.0) for step in range(5)))
    about = {"title": "", "measure": "loss", "over": "step", "note": ""}
    drawn = Figure(kind="learning", series=(flat,), extent=(0.0, 0.0), **about)
    (line,) = draw_chart(drawn).lines
    assert line.mean
    assert not line.band


def test_the_table_has_the_numbers_of_both_ends():
    chart = draw_chart(figure([(at, float(at)) for at in range(50)], [(0, 1.0), (49, 2.0)]))
    assert len(chart.table) == 12
    assert chart.table[0][:2] == ("0", "0.000 [-0.100, 0.200]")
    assert chart.table[-1][0] == "49"
    assert chart.table[1][2] == "–"  # the second line says nothing there


@pytest.mark.parametrize("style", range(7))
def test_every_style_has_a_shape_of_its_own(style):
    shapes = [marked(number, [(0, 0)]) for number in range(7)]
    assert shapes.count(shapes[style]) == 1
