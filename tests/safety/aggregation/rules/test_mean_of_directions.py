"""Mean of directions, and the condition under which it cannot be turned."""

import numpy as np
import pytest

from rallypoint.safety.aggregation import aggregate
from rallypoint.safety.aggregation.rules.mean_of_directions import MeanOfDirections


def reference(updates):
    norms = np.linalg.norm(updates, axis=1)
    directions = updates[norms > 0] / norms[norms > 0, None]
    return np.median(norms) * directions.sum(axis=0) / len(updates)


def test_it_is_the_mean_at_one_norm(case, answer):
    updates, f, _ = case
    found = answer(MeanOfDirections(), updates, f, origin=np.zeros(4))
    assert np.allclose(found, reference(updates))


def test_by_hand(answer):
    updates = np.array([[3.0, 4], [0, 10], [1, 0]])  # norms 5, 10, 1
    found = answer(MeanOfDirections(), updates, 1, origin=np.zeros(2))
    assert np.allclose(found, [(3 + 0 + 5) / 3, (4 + 5 + 0) / 3])


def test_one_without_a_direction_adds_nothing(answer):
    updates = np.array([[0.0, 0], [2, 0], [0, 4]])
    found = answer(MeanOfDirections(), updates, 1, origin=np.zeros(2))
    assert np.allclose(found, [2 / 3, 2 / 3])


def honest_with_a_mean_direction(length, pairs, rng):
    """Return 2 pairs of unit vectors whose mean direction is so long, and along the first axis."""
    sides = rng.standard_normal((pairs, 6))
    sides /= np.linalg.norm(sides, axis=1, keepdims=True)
    along = np.full((2 * pairs, 1), length)
    return np.hstack([along, np.sqrt(1 - length**2) * np.vstack([sides, -sides])])


@pytest.mark.parametrize("excess", [-0.1, -0.01, 0.01, 0.1])
def test_it_is_turned_where_the_condition_fails_and_nowhere_else(excess, rng):
    h, f = 8, 3
    honest = honest_with_a_mean_direction(f / h + excess, pairs=h // 2, rng=rng)
    mean = honest.mean(axis=0)
    assert np.linalg.norm(mean) == pytest.approx(f / h + excess)
    lies = np.tile(-mean, (f, 1))
    along = aggregate("mean_of_directions", np.vstack([honest, lies]), f) @ mean
    assert (along > 0) == (excess > 0)


def test_no_lies_bring_it_below_the_bound_of_its_docstring(rng):
    for h, f in ((4, 1), (7, 3), (6, 5)):
        for _ in range(100):
            honest = rng.standard_normal((h, 5)) + rng.uniform(0, 1, 5)
            lies = rng.standard_normal((f, 5)) * 10 ** rng.uniform(-2, 2, (f, 1))
            updates = np.vstack([honest, lies])
            mean = (honest / np.linalg.norm(honest, axis=1, keepdims=True)).mean(axis=0)
            length, scale = np.linalg.norm(mean), np.median(np.linalg.norm(updates, axis=1))
            bound = scale * length * (h * length - f) / (h + f)
            assert aggregate("mean_of_directions", updates, f) @ mean >= bound - 1e-12
            assert bound >= -scale * f**2 / (4 * (h + f) * h) - 1e-12


def test_the_condition_in_mean_cosines_is_the_same(rng):
    h, f = 7, 3
    for _ in range(200):
        directions = rng.standard_normal((h, 6)) + rng.uniform(0, 1, 6)
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        cosines = directions @ directions.T
        mean_cosine = (cosines.sum() - h) / (h * (h - 1))
        length = np.linalg.norm(directions.mean(axis=0))
        assert (length > f / h) == (mean_cosine > (f**2 - h) / (h * (h - 1)))
