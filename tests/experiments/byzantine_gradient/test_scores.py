"""Interquartile means over seeds, and what is said of them."""

from itertools import product

import numpy as np
import pytest
from scipy.stats import trim_mean

from rallypoint.experiments.byzantine_gradient import scores


@pytest.mark.parametrize("n", [1, 3, 4, 5, 8, 20, 21])
def test_it_is_the_mean_of_the_middle_half(n, rng):
    values = rng.standard_normal((3, n))
    assert np.allclose(scores.iqm(values), trim_mean(values, 0.25, axis=-1))


def test_a_score_says_how_far_it_can_be_trusted(rng):
    values = rng.standard_normal(20)
    few, many = (scores.score(np.tile(values, times)) for times in (1, 16))
    assert np.ptp(many.interval) == pytest.approx(np.ptp(few.interval) / 4, rel=0.2)
    found = scores.score(rng.standard_normal(20))
    assert found.interval[0] <= found.measured <= found.interval[1]


def test_order_makes_no_difference_to_what_is_measured(rng):
    values = rng.standard_normal(12)
    assert scores.score(values).measured == scores.score(values[::-1]).measured


def test_seeds_are_paired(rng):
    own = rng.uniform(100, 500, 20)
    share = scores.kept_share(0.7 * own, own)
    assert share.measured == pytest.approx(0.7)
    assert share.interval == pytest.approx((0.7, 0.7))
    gain = scores.difference(own + 5, own)
    assert gain.interval == pytest.approx((5, 5))


def test_who_looks_at_many_differences_sees_wider_intervals(rng):
    one, other = rng.uniform(100, 500, (2, 20))
    alone, of_many = (scores.difference(one, other, among=among) for among in (1, 10))
    assert of_many.measured == alone.measured
    assert of_many.interval[0] < alone.interval[0]
    assert of_many.interval[1] > alone.interval[1]


def test_the_worst_attack_is_the_least_share(rng):
    own = rng.uniform(400, 500, 20)
    by_attack = {"mild": 0.9 * own, "hard": 0.5 * own, "none of it": own}
    assert scores.worst_share(by_attack, own).measured == pytest.approx(0.5)


def test_which_attack_is_worst_is_decided_anew_in_every_sample(rng):
    own = np.full(20, 500.0)
    one, other = rng.uniform(300, 400, (2, 20))
    both = scores.worst_share({"one": one, "other": other}, own)
    alone = [scores.kept_share(values, own) for values in (one, other)]
    assert both.measured == min(found.measured for found in alone)
    assert both.interval[0] <= min(found.interval[0] for found in alone)
    assert both.interval[1] <= min(found.interval[1] for found in alone)


def test_attacks_are_strata():
    by_attack = {"mild": np.full(6, 500.0), "hard": np.full(6, 100.0)}
    found = scores.over_attacks(by_attack)
    assert found.measured == pytest.approx(300)
    assert found.interval == pytest.approx((300, 300))  # drawn together it would be anything
    assert found.n == 6


def test_improvement_is_the_share_of_pairs(rng):
    ours, theirs = rng.integers(0, 4, (2, 3, 5)).astype(float)  # with equals
    wanted = np.mean(
        [
            (a > b) + (a == b) / 2
            for x, y in zip(ours, theirs, strict=True)
            for a, b in product(x, y)
        ]
    )
    one, other = (dict(zip("abc", values, strict=True)) for values in (ours, theirs))
    assert scores.improvement(one, other).measured == pytest.approx(wanted, abs=1e-6)
    assert scores.improvement(one, one).measured == pytest.approx(0.5)
    larger = {name: values + 10 for name, values in one.items()}
    assert scores.improvement(larger, one).interval == (1.0, 1.0)


@pytest.mark.parametrize(
    ("expected", "verdict"), [(">= 0.4", "holds"), ("<= 0.4", "fails"), (">= 0.5", "undecided")]
)
def test_the_interval_is_judged_and_not_the_number(expected, verdict):
    found = scores.Score(0.55, (0.45, 0.65), 20)
    claim = scores.claim("X", found, statement="x", source="x", expected=expected)
    assert claim.verdict == verdict
    assert (claim.measured, claim.n) == (0.55, 20)


def test_two_seeds_decide_nothing():
    found = scores.score([500.0, 500.0])
    claim = scores.claim("X", found, statement="x", source="x", expected=">= 1")
    assert claim.verdict == "undecided"
