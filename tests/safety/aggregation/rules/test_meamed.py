"""Meamed, the mean around the median."""

import numpy as np
import pytest

from rallypoint.safety.aggregation import aggregate
from rallypoint.safety.aggregation.rules.meamed import Meamed

# Eleven updates of four coordinates, the last two shifted; answers of other people's libraries.
RECORDED = np.random.default_rng(7).standard_normal((11, 4))
RECORDED[9:] += 3.0


def reference(updates, keep):
    middle = np.median(updates, axis=0)
    by_nearness = [
        sorted(column, key=lambda value, c=c: (abs(value - c), value))
        for column, c in zip(updates.T, middle, strict=True)
    ]
    return np.mean(by_nearness, axis=1, where=np.arange(len(updates)) < keep)


def test_it_is_the_mean_of_the_nearest_to_the_median(case):
    updates, f, _ = case
    expected = reference(updates, len(updates) - f)
    assert np.allclose(aggregate("meamed", updates, f), expected, rtol=1e-13)


@pytest.mark.parametrize("n", [1, 2, 5, 8, 13, 101])
def test_however_few_are_kept(n):
    rng = np.random.default_rng(n)
    updates = rng.standard_normal((n, 30)) ** 3
    updates[:, ::3] = rng.integers(-3, 4, (n, 10))  # with ties
    for keep in {*range(1, min(n, 13) + 1), n}:
        found = Meamed().combine(updates, n - keep)
        assert np.allclose(found, reference(updates, keep), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    ("n", "expected"),
    [
        (11, [-0.544050, -0.424334, -0.179596, -0.148938]),
        (10, [-0.381840, -0.353420, -0.423914, -0.335082]),
    ],
)
def test_what_others_recorded(n, expected):
    assert np.allclose(aggregate("meamed", RECORDED[:n], f=2), expected, atol=5e-7)


def test_by_hand():
    assert aggregate("meamed", np.array([[1.0], [2], [3], [4], [100]]), f=1) == [2.5]


def test_of_two_that_are_equally_near_the_smaller_counts():
    updates = np.array([[2.0], [0], [-2], [1], [-1]])  # median 0; 2 and -2 tie for the last place
    for turned in range(5):
        assert aggregate("meamed", np.roll(updates, turned, axis=0), f=1) == [-0.5]
