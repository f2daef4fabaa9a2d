"""Oracles of Damaskinos et al. (2018), and what a liar can do to a quantile."""

import numpy as np
import pytest

from rallypoint.agents.rounds.filters.lipschitz import (
    check_quantile,
    coefficient,
    distance,
    threshold,
)
from rallypoint.errors import InvalidConfig

SIX = np.arange(1.0, 7.0)


@pytest.mark.parametrize(("method", "limit"), [("linear", 13 / 3), ("inverted_cdf", 4.0)])
def test_the_quantile_of_six_coefficients_accepts_4_and_rejects_5(method, limit):
    found = threshold(SIX, 4 / 6, method=method)
    assert found == pytest.approx(limit)
    assert 4 <= found < 5


def test_whoever_has_not_been_heard_twice_is_no_part_of_the_quantile():
    assert threshold(np.array([np.nan, 2.0, np.nan]), 2 / 3) == 2
    assert threshold(np.full(3, np.nan), 2 / 3) == np.inf


def test_one_liar_raises_the_linear_quantile_as_far_as_it_likes_and_not_the_other():
    honest, n, f = np.array([1.0, 2.0, 3.0]), 4, 1
    for lie in (1e3, 1e9):
        coefficients = np.append(honest, lie)
        assert threshold(coefficients, (n - f) / n) >= lie / 10
        assert threshold(coefficients, (n - f) / n, method="inverted_cdf") <= honest.max()


@pytest.mark.parametrize(("n", "f"), [(4, 1), (7, 2), (10, 3), (35, 6), (41, 13)])
def test_no_liar_raises_the_other_however_few_have_been_heard_and_however_shares_are_rounded(n, f):
    for known in range(n + 1):
        lies = min(f, known)
        coefficients = np.full(n, np.nan)
        coefficients[:known] = [*np.arange(1.0, known - lies + 1), *[np.inf] * lies]
        found = threshold(coefficients, (n - f) / n, method="inverted_cdf")
        assert found == (known - f if known > f else np.inf)


def test_gradients_of_a_quadratic_differ_by_its_curvature():
    rng = np.random.default_rng(0)
    one, other = rng.standard_normal((2, 20))
    found = coefficient(distance(3 * one, 3 * other), distance(one, other))
    assert found == pytest.approx(3)


def test_nothing_is_told_by_gradients_found_at_one_place():
    assert coefficient(1.0, 0.0) is None


def test_distances_are_summed_in_float64():
    one = np.full(4, 1e25, dtype=np.float32)  # whose squares overflow in float32
    assert distance(one, np.zeros_like(one)) == pytest.approx(2e25, rel=1e-6)
    assert distance(np.array([np.inf]), np.array([0.0])) == np.inf


def test_an_unknown_quantile_is_refused():
    with pytest.raises(InvalidConfig, match="did you mean 'linear'"):
        check_quantile("liner")
