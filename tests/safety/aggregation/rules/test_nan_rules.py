"""Rules that take a NaN for a coordinate that was lost on the way."""

import numpy as np
import pytest

from rallypoint.safety.aggregation import Context, aggregate, explain

LOSSY = np.array([[1, np.nan], [2, 4], [3, 6], [100, 8]])
WHOLE = {"nan_mean": "mean", "nan_median": "median", "nan_trimmed_mean": "trimmed_mean"}


def reference(name, column, f):
    kept = sorted(column[~np.isnan(column)])
    if len(kept) < (1 if name == "nan_mean" else 2 * f + 1):
        return np.nan
    cut = f if name == "nan_trimmed_mean" else 0
    return (np.median if name == "nan_median" else np.mean)(kept[cut : len(kept) - cut])


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("n", [5, 12, 101])
def test_it_is_the_rule_on_what_is_there(name, n):
    rng = np.random.default_rng(n)
    updates = rng.standard_normal((n, 300))
    updates[rng.random((n, 300)) < np.linspace(0, 1, 300)] = np.nan
    expected = [reference(name, column, 2) for column in updates.T]
    found = aggregate(name, updates, f=2)
    assert np.isnan(found).any()
    assert np.allclose(found, expected, equal_nan=True)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("nan_trimmed_mean", [2.5, 6]), ("nan_median", [2.5, 6]), ("nan_mean", [26.5, 6])],
)
def test_by_hand(name, expected):
    assert aggregate(name, LOSSY, f=1).tolist() == expected


@pytest.mark.parametrize(("name", "whole"), WHOLE.items())
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nothing_lost_is_nothing_changed(name, whole, dtype):
    updates = np.random.default_rng(0).standard_normal((9, 20000)).astype(dtype)
    found, expected = aggregate(name, updates, f=2), aggregate(whole, updates, f=2)
    if whole == "mean":  # a weighted sum, in the updates' own precision
        assert np.allclose(found, expected, atol=1e-6)
    else:
        assert found.tobytes() == expected.tobytes()


@pytest.mark.parametrize("name", ["nan_median", "nan_trimmed_mean"])
def test_where_too_few_arrived_the_last_aggregate_stays(name):
    updates = np.array([[1.0, 1, 1], [2, np.nan, 2], [3, np.nan, np.nan], [4, 4, 4]])
    assert np.isnan(aggregate(name, updates, f=1)).tolist() == [False, True, False]
    context = Context(previous=np.array([-7.0, -8, -9]))
    assert aggregate(name, updates, f=1, context=context).tolist() == [2.5, -8, 2]


def test_an_update_that_is_infinite_is_a_lie_and_not_a_loss():
    lossy = np.vstack([LOSSY, [np.inf, 0]])
    assert aggregate("nan_trimmed_mean", lossy, f=1).tolist() == [26.5, 6]  # f is used up


@pytest.mark.parametrize("name", WHOLE)
def test_what_was_lost_has_no_share(name):
    weights = explain(name, LOSSY, f=1).weights
    assert weights[0] < weights[1]
    assert weights.sum() == pytest.approx(1)
