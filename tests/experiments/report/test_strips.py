"""Claims as strips, their seeds and their margins."""

import pytest

from rallypoint.experiments.report.strips import WIDTH, draw_strip, margin, seed_values
from tests.experiments.report.toy_runs import claim


def test_what_holds_lies_on_the_shaded_side():
    strip = draw_strip(claim("T1", [0.96, 0.97, 0.98]))
    assert strip.wanted == (strip.threshold, WIDTH)
    assert strip.threshold < strip.interval[0] <= strip.measured <= strip.interval[1] <= WIDTH


def test_where_less_is_wanted_the_left_side_is_shaded():
    strip = draw_strip(claim("T1", [0.5, 0.6, 0.7], "<= 0.1"))
    assert strip.wanted == (0, strip.threshold)
    assert strip.threshold < strip.interval[0]


def test_a_second_threshold_for_every_seed_is_drawn_where_it_differs():
    assert draw_strip(claim("T1", [0.02, 0.03, 0.04], "<= 0.05, every seed <= 0.08")).every_seed
    assert draw_strip(claim("T1", [0.02, 0.03, 0.04], "<= 0.05 on every seed")).every_seed is None


def test_a_share_is_drawn_between_nothing_and_all():
    labels = [label.text for label in draw_strip(claim("T1", [1.0, 1.0, 1.0], ">= 0.5")).labels]
    assert labels == ["0.5", "1"]


@pytest.mark.parametrize("value", [0.0, 1e-320, 1e-9, 1e99, -3.0])
def test_any_number_can_be_drawn(value):
    for expected in (">= 0", f"<= {value!r}"):
        strip = draw_strip(claim("T1", [value] * 3, expected))
        assert all(0 <= place <= WIDTH for place in (*strip.wanted, *strip.interval))


def test_what_was_not_measured_or_is_beyond_drawing_is_left_out():
    assert draw_strip(claim("T1", [float("nan"), 1.0, 1.0])) is None
    assert draw_strip(claim("T1", [1e200, 1e200, 1e200])) is None


def test_seeds_are_found_in_the_column_that_the_claim_is_about():
    found = claim("T1/a", [0.1, 0.2, 0.6])
    rows = tuple(
        {"claim": "T1/a", "seed": seed, "other": 0.5, "share": share}
        for seed, share in enumerate([0.1, 0.2, 0.6])
    )
    assert seed_values(found, rows) == (0.1, 0.2, 0.6)
    assert seed_values(found, rows[:2]) == ()
    assert seed_values(claim("T1/b", [0.1, 0.2, 0.6]), rows) == ()


def test_seeds_of_a_cell_are_told_from_those_of_other_cells():
    rows = tuple(
        {"claim": "T1/a", "cell": cell, "seed": seed, "share": share + offset}
        for cell, offset in (("x=1", 0), ("x=2", 5))
        for seed, share in enumerate([0.1, 0.2, 0.6])
    )
    assert seed_values(claim("T1/a/x=1", [0.1, 0.2, 0.6]), rows) == (0.1, 0.2, 0.6)


@pytest.mark.parametrize(
    ("values", "expected", "words"),
    [
        ([0.96, 0.97, 0.98], ">= 0.9", "clear of it by 0.06"),
        ([0.1, 0.2, 0.3], ">= 0.9", "misses it by 0.6"),
        ([0.85, 0.9, 0.97], ">= 0.9", "the interval crosses it"),
        ([0.96, 0.97], ">= 0.9", "2 seeds say too little"),
        ([0.94, 1.0, 1.0, 1.0, 1.0], ">= 0.9, every seed >= 0.95", "a seed misses 0.95"),
        ([float("inf")] * 3, ">= 0.9", "nothing was measured"),
    ],
)
def test_a_margin_says_why_the_verdict_is_what_it_is(values, expected, words):
    assert margin(claim("T1", values, expected)) == words
