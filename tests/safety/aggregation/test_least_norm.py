"""The shortest combination of points in which no point counts for more than a share."""

from itertools import combinations

import numpy as np
import pytest

from rallypoint.errors import SearchTooLong
from rallypoint.safety.aggregation import least_norm
from rallypoint.safety.aggregation.least_norm import capped_least_norm

SLACK = 2e-6  # of the mean squared norm: the ridge


def cases():
    """Yield points (n, d) of many kinds, and how many of them share the weight at least."""
    for seed in range(40):
        rng = np.random.default_rng(seed)
        n, d = int(rng.integers(2, 10)), int(rng.integers(1, 12))
        points = rng.standard_normal((n, d)) + rng.uniform(0, 2) * rng.standard_normal(d)
        liars = int(rng.integers(0, n // 2 + 1))
        points[:liars] = -rng.uniform(0, 4) * points[liars:].mean(axis=0)
        if seed % 3 == 0:
            points = points[rng.integers(0, n, n)]  # some of them equal
        points *= 10.0 ** rng.integers(-8, 9)
        yield pytest.param(points, int(rng.integers((n + 1) // 2, n + 1)), id=f"seed{seed}")


@pytest.mark.parametrize(("points", "least"), list(cases()))
def test_no_mean_of_so_many_points_is_less_along_it_than_it_is_itself(points, least):
    weights = capped_least_norm(points @ points.T, least)
    assert weights.sum() == pytest.approx(1)
    assert weights.min() >= 0
    assert weights.max() <= (1 + 1e-12) / least
    found = weights @ points
    along = points @ found
    of_sets = min(along[list(chosen)].mean() for chosen in combinations(range(len(points)), least))
    assert of_sets >= found @ found - SLACK * np.square(points).sum(axis=1).mean()


@pytest.mark.parametrize(("points", "least"), list(cases()))
def test_what_is_guessed_is_what_an_active_set_finds(points, least, monkeypatch):
    guessed = capped_least_norm(points @ points.T, least) @ points
    monkeypatch.setattr(least_norm, "_guessed", lambda *_: None)
    found = capped_least_norm(points @ points.T, least) @ points
    assert np.allclose(guessed, found, atol=1e-6 * np.abs(points).max())


def test_most_guesses_are_right(rng, monkeypatch):
    monkeypatch.setattr(least_norm, "_STEPS", 0)  # of the active set
    for _ in range(30):
        points = 0.2 + rng.standard_normal((20, 60))
        points[:4] = -points[4:].mean(axis=0)
        assert capped_least_norm(points @ points.T, 16).sum() == pytest.approx(1)


def test_by_hand():
    weights = capped_least_norm(np.diag([1.0, 4.0, 4.0]), 1)  # at right angles: as 1 / length²
    assert np.allclose(weights, [2 / 3, 1 / 6, 1 / 6], atol=1e-5)
    weights = capped_least_norm(np.diag([1.0, 4.0, 4.0]), 2)  # the first may count for a half
    assert np.allclose(weights, [1 / 2, 1 / 4, 1 / 4])
    opposite = np.array([[1.0], [1.0], [-1.0]])
    assert np.allclose(capped_least_norm(opposite @ opposite.T, 2), [1 / 4, 1 / 4, 1 / 2])


def test_equal_points_share_alike(rng):
    points = rng.standard_normal((6, 4))
    points[[1, 4, 5]] = points[1]
    weights = capped_least_norm(points @ points.T, 4)
    assert np.ptp(weights[[1, 4, 5]]) < 1e-6


def test_with_all_sharing_alike_there_is_nothing_to_choose(rng):
    points = rng.standard_normal((5, 3))
    assert (capped_least_norm(points @ points.T, 5) == 0.2).all()
    assert (capped_least_norm(np.zeros((4, 4)), 2) == 0.25).all()


def test_a_gram_of_rounded_products_is_as_good(rng):
    points = rng.standard_normal((10, 400)).astype(np.float32)
    points[:3] = -points[3:].mean(axis=0)
    exact = points.astype(np.float64)
    weights = capped_least_norm((points @ points.T).astype(np.float64), 7)
    assert np.allclose(weights, capped_least_norm(exact @ exact.T, 7), atol=1e-4)


def test_a_search_without_end_is_given_up(rng, monkeypatch):
    monkeypatch.setattr(least_norm, "_guessed", lambda *_: None)
    monkeypatch.setattr(least_norm, "_wrongly_fixed", lambda *_: [0])
    points = rng.standard_normal((6, 3))
    with pytest.raises(SearchTooLong, match="another scale"):
        capped_least_norm(points @ points.T, 4)
