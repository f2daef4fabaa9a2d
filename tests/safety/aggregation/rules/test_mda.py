"""Minimum-diameter averaging."""

from itertools import combinations

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from rallypoint.errors import InvalidConfig, SearchTooLong
from rallypoint.safety.aggregation import aggregate
from rallypoint.safety.aggregation.aggregator import Aggregator
from rallypoint.safety.aggregation.parts import Context
from rallypoint.safety.aggregation.rules.mda import Mda


def distances(updates):
    return np.linalg.norm(updates[:, None] - updates[None], axis=2)


def reference(updates, f):
    """Try all subsets; pairs rank by distance, equal ones by index, the larger first."""
    away = distances(updates)
    pairs = sorted(combinations(range(len(updates)), 2), key=lambda pair: (away[pair], pair))
    rank = {pair: position for position, pair in enumerate(pairs)}
    subsets = combinations(range(len(updates)), len(updates) - f)
    worst_first = lambda kept: sorted((rank[p] for p in combinations(kept, 2)), reverse=True)  # noqa: E731
    return updates[list(min(subsets, key=worst_first))].mean(axis=0)


@pytest.mark.parametrize("seed", range(40))
def test_it_is_the_mean_of_the_tightest_subset(seed, answer):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 11))
    f = int(rng.integers(0, (n + 1) // 2))
    updates = rng.standard_normal((n, int(rng.integers(1, 5))))
    updates[:f] += 2 * (seed % 3)
    assert np.allclose(answer(Mda(), updates, f), reference(updates, f))


@pytest.mark.parametrize("seed", range(30))
def test_equal_distances_are_ordered_by_index(seed, answer):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3, 10))
    f = int(rng.integers(1, (n + 1) // 2))
    updates = rng.integers(0, 3, (n, 2)).astype(np.float64)
    assert np.allclose(answer(Mda(), updates, f), reference(updates, f))


def test_no_subset_has_a_smaller_diameter(case, span_of):
    updates, f, _ = case
    away, n = distances(updates), len(updates)
    kept = np.flatnonzero(Mda().weights(span_of(updates), f, Context()))
    least = min(away[np.ix_(some, some)].max() for some in combinations(range(n), n - f))
    assert len(kept) == n - f
    assert away[np.ix_(kept, kept)].max() == pytest.approx(least)


def is_possible(away, diameter, f):
    """Whether n - f points lie so close together, says a solver of integer programmes."""
    rows, columns = np.nonzero(np.triu(away > diameter))
    covers = np.zeros((len(rows), len(away)))
    covers[np.arange(len(rows)), rows] = covers[np.arange(len(rows)), columns] = 1
    found = milp(
        np.ones(len(away)),
        integrality=np.ones(len(away)),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(covers, 1),
    )
    return round(found.fun) <= f


@pytest.mark.parametrize(("n", "f"), [(50, 10), (100, 20)])
@pytest.mark.parametrize("kind", ["gaussian", "far", "clusters"])
def test_it_is_exact_where_subsets_cannot_be_listed(kind, n, f, span_of, rng):
    updates = rng.standard_normal((n, 20))
    if kind == "far":
        updates[rng.permutation(n)[:f]] += 5
    elif kind == "clusters":
        updates = 0.1 * updates + 3 * rng.standard_normal((6, 20))[np.arange(n) % 6]
    away = distances(updates)
    kept = np.flatnonzero(Mda().weights(span_of(updates), f, Context()))
    diameter = away[np.ix_(kept, kept)].max()
    assert len(kept) == n - f
    assert not is_possible(away, diameter * (1 - 1e-9), f)


def test_the_order_of_updates_does_not_matter(answer, rng):
    for _ in range(20):
        updates = rng.standard_normal((11, 3))
        order = rng.permutation(11)
        assert np.allclose(answer(Mda(), updates[order], 4), answer(Mda(), updates, 4))


def test_by_hand(answer):
    updates = np.array([[1.0], [2], [3], [4], [100]])
    assert np.allclose(answer(Mda(), updates, 1), [2.5])
    # Leaving out either end leaves a diameter of 10; the second largest distance decides.
    assert np.allclose(answer(Mda(), np.array([[0.0], [10], [4], [20]]), 1), [14 / 3])


def test_as_recorded(answer):
    updates = np.random.default_rng(7).standard_normal((11, 4))
    updates[9:] += 3
    expected = [-0.544050, -0.424334, -0.656452, -0.148938]
    assert np.allclose(answer(Mda(), updates, 2), expected, atol=1e-6)


def test_nothing_to_leave_out_makes_it_the_mean(answer, rng):
    updates = rng.standard_normal((6, 3))
    assert np.allclose(answer(Mda(), updates, 0), updates.mean(axis=0))
    assert np.allclose(answer(Mda(), updates[:1], 0), updates[0])


def test_a_search_that_is_too_long_is_refused(rng):
    updates = rng.standard_normal((30, 5))
    with pytest.raises(SearchTooLong, match="allowed 4 branches"):
        aggregate("mda", updates, f=10, branches=4)
    with pytest.raises(InvalidConfig, match="branches must be at least 1, got 0"):
        Mda(branches=0)


def test_liars_turn_it_below_the_spread_that_code_of_the_literature_allows():
    n, f = 10, 3
    for spread, turned in ((0.57, False), (0.58, True), (0.82, True)):
        apart = spread * 7 / 12**0.5
        low = 1 - 3 / 7 * apart
        honest = np.array([low] * 4 + [low + apart] * 3)
        assert honest.mean() == pytest.approx(1)
        assert honest.std() == pytest.approx(spread)
        lies = np.full(3, low - 0.9999 * apart)  # nearer to the four than these to the other three
        (answer,) = aggregate("mda", np.concatenate([honest, lies])[:, None], f)
        assert answer == pytest.approx(1 - 3**0.5 * spread, abs=1e-3)
        assert (answer < 0) == turned
    assert (n - f) / (8**0.5 * f) > 0.82 > 3**-0.5 > Aggregator.parse("mda").largest_spread(n, f)
