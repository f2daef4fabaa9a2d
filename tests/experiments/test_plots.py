"""Plots carry labels and intervals, and are the same bytes each time."""

import numpy as np
import pytest

from rallypoint.claims import claim_over_seeds
from rallypoint.experiments import plots


@pytest.fixture
def values(rng):
    return rng.random((5, 8))  # (seeds, points)


def drawn(values):
    figure, axes = plots.new_figure("G1  learning", "training cycles", "in-group share")
    plots.curve(axes, np.arange(8), values, "learned")
    plots.curve(axes, np.arange(8), values / 2, "random")
    axes.legend()
    return figure, axes


def test_a_picture_is_the_same_bytes_each_time(values):
    pictures = [plots.png(drawn(values)[0]) for _ in range(2)]
    assert pictures[0] == pictures[1]
    assert pictures[0].startswith(b"\x89PNG")


def test_a_curve_has_its_labels_and_its_interval(values):
    _, axes = drawn(values)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("training cycles", "in-group share")
    line = axes.get_lines()[0]
    np.testing.assert_allclose(line.get_ydata(), values.mean(axis=0))
    assert len(axes.collections) == 2
    first, second = axes.get_lines()
    assert first.get_color() != second.get_color()
    assert first.get_marker() != second.get_marker()  # told apart without colour


def test_a_curve_of_one_seed_is_drawn(values):
    _, axes = plots.new_figure("t", "x", "y")
    plots.curve(axes, np.arange(8), values[:1], "one seed")
    assert len(axes.get_lines()) == 1


def test_a_curve_has_a_gap_where_nothing_was_measured(values):
    values[0, 3] = np.nan
    _, axes = plots.new_figure("t", "x", "y")
    plots.curve(axes, np.arange(8), values, "learned")
    assert np.isnan(axes.get_lines()[0].get_ydata()).tolist() == [i == 3 for i in range(8)]


def test_panels_share_one_legend_that_names_all_that_is_drawn_once(values):
    figure, panels = plots.panels(2, 2, size=(6.0, 4.0), sharex=True)
    assert panels.shape == (2, 2)
    for axes, names in zip(panels.flat, (["a"], ["a", "b"], [], ["c", "b"]), strict=True):
        for name in names:
            plots.curve(axes, np.arange(8), values, name)
    plots.legend(figure, panels.flat, ncols=2)
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["a", "b", "c"]
    assert not legend.get_frame_on()  # it is in the house style, too


def test_conditions_say_their_verdicts(values):
    claims = [
        claim_over_seeds(
            f"G1/{i}", values[:, i], statement="s", source="t", expected=f">= {threshold}"
        )
        for i, threshold in enumerate((0.01, 0.99))
    ]
    claims.append(
        claim_over_seeds("G1/none", [np.nan] * 3, statement="s", source="t", expected=">= 0")
    )
    figure, axes = plots.new_figure("G1", "in-group share", "")
    plots.conditions(axes, claims, {claims[0].id: values[:, 0]})
    assert [label.get_text() for label in axes.get_yticklabels()] == ["0", "1", "none"]
    said = [text.get_text() for text in axes.texts]
    assert said == [claim.verdict for claim in claims]
    assert plots.png(figure)


def test_the_style_ends_with_the_drawing(values):
    import matplotlib as mpl

    before = mpl.rcParams.copy()
    drawn(values)
    assert mpl.rcParams == before
