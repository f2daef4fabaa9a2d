"""Tests of tables: exact where they can be enumerated, at their level, as powerful as computed."""

from itertools import product
from math import comb

import numpy as np
import pytest
from scipy.stats import binom, fisher_exact

from rallypoint.errors import InvalidConfig
from rallypoint.safety.certificates.cells import (
    KeptUpdates,
    _permutation_chi_square,
    two_sample_cells,
)
from rallypoint.safety.certificates.rates import most_false_alarms


def arm(values, cells=None, offered=None):
    values = np.asarray(values, dtype=float)
    cells = np.zeros(len(values), dtype=int) if cells is None else np.asarray(cells)
    return KeptUpdates(cells, values, len(values) if offered is None else offered)


def rewards(rng, odds, n):
    """Entries of a table at 0 after a reward of 0 or 1, with step size 0.1."""
    return 0.1 * (rng.random(n) < odds)


def test_one_outcome_is_no_surprise_by_construction():
    found = two_sample_cells(arm([0.5] * 200), arm([0.5] * 150), np.random.default_rng(0))
    assert found.cells[0].method == "one outcome"
    assert found.p_value == found.cells[0].p_value == 1
    assert found.verdict == "no dependence found"
    assert found.cells[0].interval == (0, 0)


def test_two_outcomes_are_fishers():
    rng = np.random.default_rng(0)
    one, other = rewards(rng, 0.3, 150), rewards(rng, 0.1, 200)
    found = two_sample_cells(arm(one), arm(other), rng).cells[0]
    table = [[(one > 0).sum(), (one == 0).sum()], [(other > 0).sum(), (other == 0).sum()]]
    assert found.method == "Fisher"
    assert found.p_value == fisher_exact(table).pvalue
    assert found.difference == pytest.approx(other.mean() - one.mean())


def test_several_outcomes_are_compared_with_every_table_of_the_same_margins():
    table = np.array([[3, 1, 2], [1, 4, 1]])
    both, first = table.sum(axis=0), 6

    def chi_square(row):
        expected = both * first / 12
        return (
            (row - expected) ** 2 / expected
            + (both - row - (both - expected)) ** 2 / (both - expected)
        ).sum()

    exact = 0.0
    for row in product(*(range(count + 1) for count in both)):
        if sum(row) == first and chi_square(np.array(row)) >= chi_square(table[0]) - 1e-9:
            exact += np.prod([comb(c, r) for c, r in zip(both, row, strict=True)]) / comb(12, first)
    found = _permutation_chi_square(table, 40_000, np.random.default_rng(0))
    assert abs(found - exact) < 4 * np.sqrt(exact * (1 - exact) / 40_000) + 1 / 40_000


def test_continuous_updates_are_compared_by_their_distribution():
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=300), rng.normal(size=300)
    same = two_sample_cells(arm(one), arm(other), rng)
    assert same.cells[0].method == "Kolmogorov-Smirnov"
    assert same.verdict == "no dependence found"
    assert two_sample_cells(arm(one), arm(other + 0.5), rng).verdict == "depends"
    assert two_sample_cells(arm(one), arm(2 * other), rng).verdict == "depends"


def test_rounding_makes_no_outcome():
    one = np.full(100, 0.1) * 3
    other = np.full(100, 0.3)
    assert one[0] != other[0]
    found = two_sample_cells(arm(one), arm(other), np.random.default_rng(0))
    assert found.cells[0].method == "one outcome"


@pytest.mark.parametrize("outcomes", [2, 3, 1000])
def test_false_alarms_stay_at_the_level(outcomes):
    rng = np.random.default_rng(outcomes)
    alarms = 0
    for _ in range(400):
        one, other = rng.integers(outcomes, size=(2, 120)) / 10
        alarms += two_sample_cells(arm(one), arm(other), rng, level=0.05).verdict == "depends"
    assert alarms <= most_false_alarms(400, 0.05)


def exact_power(odds_0, odds_theta, n, level):
    """Sum over all pairs of counts that Fisher's test rejects."""
    counts = np.arange(n + 1)
    chance = np.outer(binom.pmf(counts, n, odds_0), binom.pmf(counts, n, odds_theta))
    likely = np.argwhere(chance > 1e-7)
    rejected = [fisher_exact([[a, n - a], [b, n - b]]).pvalue <= level for a, b in likely]
    return chance[tuple(likely[rejected].T)].sum()


def test_the_frozen_partner_is_found_as_often_as_computed():
    """Reward 1 in 0.1 of updates at theta = 0, in 0.1 (1 - theta) at 0.9."""
    n, rng = 120, np.random.default_rng(0)
    expected = exact_power(0.1, 0.01, n, 0.01)
    assert 0.5 < expected < 0.8
    found = sum(
        two_sample_cells(
            arm(rewards(rng, 0.1, n)), arm(rewards(rng, 0.01, n)), rng
        ).verdict == "depends"
        for _ in range(300)
    )  # fmt: skip
    assert binom.ppf(0.001, 300, expected) <= found <= binom.ppf(0.999, 300, expected)


def test_bonferroni_holds_the_level_over_all_cells_together():
    rng = np.random.default_rng(0)
    alarms = 0
    for _ in range(200):
        cells = np.repeat(np.arange(6), 110)
        arms = [arm(rewards(rng, 0.5, 660), cells) for _ in range(2)]
        found = two_sample_cells(*arms, rng, level=0.05)
        assert found.p_value == min(1, 6 * found.cells[0].p_value)
        alarms += found.verdict == "depends"
    assert alarms <= most_false_alarms(200, 0.05)


def test_the_cell_that_differs_is_named_first():
    rng = np.random.default_rng(0)
    cells = rng.permutation(np.repeat([4, 7, 9], 300))
    one = rewards(rng, 0.5, 900)
    other = np.where(cells == 7, 0.0, rewards(rng, 0.5, 900))
    found = two_sample_cells(arm(one, cells), arm(other, cells, offered=9000), rng)
    assert (found.verdict, found.cells[0].cell) == ("depends", 7)
    assert found.cells[0].interval[1] < 0
    assert found.kept == (1.0, 0.1)
    assert "most surprising cell 7: Fisher" in str(found)
    assert "0.1 with" in str(found)


def test_too_few_updates_give_no_verdict_of_innocence():
    rng = np.random.default_rng(0)
    cells = np.repeat([0, 1], 200)
    one, other = arm(rewards(rng, 0.5, 400), cells), arm(rewards(rng, 0.5, 211), cells[:211])
    found = two_sample_cells(one, other, rng)
    assert (found.verdict, found.untested) == ("not enough data", (1,))
    assert two_sample_cells(one, other, rng, least_share=0.5).verdict == "no dependence found"
    empty = two_sample_cells(one, arm([], offered=500), rng)
    assert (empty.verdict, empty.p_value, empty.cells) == ("not enough data", 1.0, ())


@pytest.mark.parametrize(
    ("one", "settings", "sentence"),
    [
        (arm([0.1, np.inf]), {}, "got inf in row 1"),
        (arm([0.1, 0.2], offered=1), {}, "2 updates cannot be kept of 1"),
        (arm([0.1], cells=[0.0]), {}, "the number of a cell"),
        (arm([0.1]), {"least_share": 0}, r"least_share lies in \(0, 1\]"),
        (arm([0.1]), {"level": 0.7}, r"in \(0, 0.5\], got 0.7"),
    ],
)
def test_what_cannot_be_tested_is_refused(one, settings, sentence):
    with pytest.raises(InvalidConfig, match=sentence):
        two_sample_cells(one, arm([0.1]), np.random.default_rng(0), **settings)


def test_the_most_surprising_of_many_cells_has_an_interval_that_allows_for_the_choice():
    rng = np.random.default_rng(0)
    cells = np.repeat(np.arange(20), 100)
    missed = 0
    for _ in range(60):
        arms = (KeptUpdates(cells, rng.normal(size=len(cells)), len(cells)) for _ in range(2))
        low, high = two_sample_cells(*arms, rng, level=0.05).cells[0].interval
        missed += not low <= 0 <= high
    assert missed <= most_false_alarms(60, 0.05)
