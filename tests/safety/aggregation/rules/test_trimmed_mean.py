"""The trimmed mean."""

import numpy as np
import pytest

from rallypoint.safety.aggregation import aggregate, aggregators

# Eleven updates of four coordinates, the last two shifted; answers of other people's libraries.
RECORDED = np.random.default_rng(7).standard_normal((11, 4))
RECORDED[9:] += 3.0


def reference(updates, f):
    return np.array([np.mean(sorted(column)[f : len(column) - f]) for column in updates.T])


def test_it_is_the_mean_of_the_middle(case):
    updates, f, _ = case
    assert np.allclose(aggregate("trimmed_mean", updates, f), reference(updates, f), rtol=1e-13)


def test_what_others_recorded():
    expected = [-0.244357, -0.270985, -0.212870, 0.119956]
    assert np.allclose(aggregate("trimmed_mean", RECORDED, f=2), expected, atol=5e-7)


def test_by_hand():
    assert aggregate("trimmed_mean", np.array([[1.0], [2], [3], [4], [100]]), f=1) == [3]


def test_without_liars_it_is_the_mean(case):
    updates, _, _ = case
    assert np.allclose(aggregate("trimmed_mean", updates, 0), updates.mean(axis=0), rtol=1e-13)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_huge_lies_leave_no_trace(dtype):
    # Taking their sum from the total instead would wipe out every honest digit.
    honest = np.random.default_rng(0).standard_normal((8, 50)).astype(dtype)
    lies = np.full((2, 50), 1e12, dtype) * [[1], [-1]]
    found = aggregate("trimmed_mean", np.vstack([lies, honest]).astype(dtype), f=1)
    assert np.allclose(found, honest.mean(axis=0, dtype=float), atol=4 * np.finfo(dtype).eps)
    assert found.dtype == dtype


def test_its_constant():
    assert aggregators["trimmed_mean"]().robustness(7, 2) == pytest.approx(2 / 3)
    assert aggregators["trimmed_mean"]().robustness(7, 0) == 0
