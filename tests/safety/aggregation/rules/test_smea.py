"""Smallest maximum eigenvalue averaging."""

from itertools import combinations
from math import comb

import numpy as np
import pytest

from rallypoint.errors import InvalidConfig, SearchTooLong
from rallypoint.safety.aggregation import Aggregator, aggregate
from rallypoint.safety.aggregation.rules import smea
from rallypoint.safety.aggregation.rules.smea import Smea


def spread(updates):
    return np.linalg.eigvalsh(np.atleast_2d(np.cov(updates.T, ddof=0)))[-1]


def reference(updates, f):
    n = len(updates)
    subsets = [list(kept) for kept in combinations(range(n), n - f)]
    spreads = np.array([spread(updates[kept]) for kept in subsets])
    first = (spreads <= spreads.min() * (1 + 1e-9)).argmax()
    return updates[subsets[first]].mean(axis=0)


@pytest.mark.parametrize("seed", range(30))
def test_it_is_the_mean_of_the_subset_that_spreads_least(seed, answer):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 11))
    f = int(rng.integers(0, (n + 1) // 2))
    updates = rng.standard_normal((n, int(rng.integers(1, 6))))
    updates[:f] += seed % 3
    assert np.allclose(answer(Smea(), updates, f), reference(updates, f))


def test_what_bounds_rule_out_is_not_the_answer(answer, rng):
    updates = rng.standard_normal((16, 40))
    updates[:3] *= 100
    assert np.allclose(answer(Smea(), updates, 4), reference(updates, 4))


@pytest.mark.parametrize("seed", range(30))
def test_bounds_are_never_too_large_and_mostly_near(seed, span_of):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(8, 15))
    f = int(rng.integers(1, (n - 1) // 2))
    updates = rng.standard_normal((n, int(rng.integers(1, 50))))
    updates[:f] *= 10.0 ** (rng.integers(0, 8) * (seed % 2))
    members = np.array(list(combinations(range(n), n - f)))
    bounds = smea._lower_bounds(span_of(updates).gram, members)
    exact = np.array([(n - f) * spread(updates[kept]) for kept in members])
    assert (bounds <= exact * (1 + 1e-10)).all()
    assert np.median(bounds / exact) > 0.99


def test_bounds_that_rule_nothing_out_change_nothing(answer, monkeypatch, rng):
    updates = rng.standard_normal((15, 40))
    updates[:4] *= 2  # so that it is among the last subsets
    expected = answer(Smea(), updates, 4)
    monkeypatch.setattr(smea, "_lower_bounds", lambda gram, members: np.zeros(len(members)))
    assert (answer(Smea(), updates, 4) == expected).all()


def test_of_equal_subsets_it_is_the_first(answer):
    updates = np.array([[0.0], [1], [2], [3], [4]])
    assert np.allclose(answer(Smea(), updates, 2), [1])
    square = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])
    assert np.allclose(answer(Smea(), square, 1), reference(square, 1))
    assert np.allclose(answer(Smea(), square, 1), [2 / 3, 1 / 3])


def test_by_hand(answer):
    assert np.allclose(answer(Smea(), np.array([[1.0], [2], [3], [4], [100]]), 1), [2.5])


def test_a_spread_in_many_directions_is_less_than_the_same_in_one(answer):
    # The last two lie 3 apart, the first six 2 from the middle, but each in a direction of its own:
    # a sum over directions would leave out two of those.
    updates = np.zeros((8, 7))
    updates[:6, :6] = 2 * np.eye(6)
    updates[6, 6], updates[7, 6] = 1.5, -1.5
    kept = updates[:6].mean(axis=0)
    assert np.allclose(answer(Smea(), updates, 2), kept)
    assert np.trace(np.cov(updates[:6].T)) > np.trace(np.cov(updates[2:].T))


def test_identical_updates_are_their_own_mean(answer):
    updates = np.tile([3.0, -1, 2], (7, 1))
    assert np.allclose(answer(Smea(), updates, 2), updates[0])
    assert np.allclose(answer(Smea(), updates[:1], 0), updates[0])


def test_its_constant_holds_even_for_the_widest_direction_alone(answer, rng):
    for n, f in ((5, 1), (7, 2), (7, 3), (9, 2)):
        kappa = Smea().robustness(n, f)
        for _ in range(50):
            updates = rng.standard_normal((n, 2)) * 10 ** rng.uniform(-1, 1, (n, 1))
            found = answer(Smea(), updates, f)
            for honest in combinations(range(n), n - f):
                mean = updates[list(honest)].mean(axis=0)
                assert ((found - mean) ** 2).sum() <= kappa * spread(updates[list(honest)])


def test_too_many_subsets_are_refused_with_their_number(rng):
    updates = rng.standard_normal((24, 3))
    with pytest.raises(SearchTooLong, match=f"at most 20000: n=24 and f=6 make {comb(24, 6)}"):
        aggregate("smea", updates, f=6)
    with pytest.raises(SearchTooLong, match="at most 9: n=5 and f=2 make 10"):
        aggregate("smea", updates[:5], f=2, subsets=9)
    with pytest.raises(SearchTooLong, match="at most 9: n=5 and f=2 make 10"):
        Aggregator.parse("nnm+smea", subsets=9).check(5, 2)  # before there are any updates
    updates[0] = np.nan
    assert aggregate("smea", updates[:6], f=2, subsets=15).shape == (3,)
    with pytest.raises(InvalidConfig, match="subsets must be at least 1, got 0"):
        Smea(subsets=0)
