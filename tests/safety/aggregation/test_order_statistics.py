"""Means of order statistics: over many columns and many rows, and what float32 keeps."""

import numpy as np
import pytest

from rallypoint.safety.aggregation import order_statistics
from rallypoint.safety.aggregation.order_statistics import (
    mean_nearest,
    mean_of_ranks,
    shares_of_ranks,
)


@pytest.mark.parametrize("d", [1, 16384, 16385, 40000])
def test_columns_are_alone_however_many_there_are(d):
    block = np.random.default_rng(d).standard_normal((6, d)).astype(np.float32)
    whole = mean_of_ranks(block, 1, 5)
    assert whole.shape == (d,)
    for columns in (slice(0, 1), slice(d // 2, d // 2 + 3), slice(d - 1, d)):
        np.testing.assert_array_equal(whole[columns], mean_of_ranks(block[:, columns], 1, 5))


@pytest.mark.parametrize("n", [7, 100, 101, 300])
def test_a_network_and_a_sort_agree(monkeypatch, n):
    block = np.random.default_rng(n).standard_normal((n, 40))
    answers = []
    for largest in (0, 1000):
        monkeypatch.setattr(order_statistics, "_LARGEST_NETWORK", largest)
        answers.append(
            [mean_of_ranks(block, 2, n - 2), mean_nearest(block, n - 2, n // 2, n // 2 + 1)]
        )
    np.testing.assert_allclose(*answers, rtol=0, atol=1e-14)


def test_sums_of_float32_lose_nothing():
    block = np.full((40, 3), 1, np.float32)
    block[0] = 2**25  # to which float32 cannot add one
    assert (mean_of_ranks(block, 0, 40) == np.float32((2**25 + 39) / 40)).all()
    same = np.full((11, 3), 0.1, np.float32)
    assert (mean_of_ranks(same, 2, 9) == same[0]).all()
    assert (mean_nearest(same, 9, 5, 6) == same[0]).all()


def test_the_order_of_rows_does_not_show_in_float32():
    rng = np.random.default_rng(0)
    block = rng.standard_normal((20, 5000)).astype(np.float32)
    mixed = block[rng.permutation(20)]
    np.testing.assert_array_equal(mean_of_ranks(mixed, 4, 16), mean_of_ranks(block, 4, 16))
    np.testing.assert_array_equal(mean_nearest(mixed, 16, 9, 11), mean_nearest(block, 16, 9, 11))


def test_the_block_is_not_written_to():
    block = np.random.default_rng(0).standard_normal((9, 50))
    block.flags.writeable = False
    mean_of_ranks(block, 0, 9)
    mean_of_ranks(block, 2, 7)
    for keep in range(1, 10):
        mean_nearest(block, keep, 4, 5)


@pytest.mark.parametrize("levels", [2, 5, 10**6])
@pytest.mark.parametrize(("n", "low", "high"), [(7, 3, 4), (8, 3, 5), (20, 4, 16), (101, 9, 92)])
def test_shares_go_by_value_and_then_by_row(levels, n, low, high):
    """Against each column by itself, where values are often, sometimes or hardly ever equal."""
    block = np.random.default_rng(levels).integers(levels, size=(n, 60)).astype(np.float32)
    expected = np.zeros(block.shape)
    for column, values in enumerate(block.T):
        ranked = sorted(range(n), key=lambda row, values=values: (values[row], row))
        expected[ranked[low:high], column] = 1 / (high - low)
    np.testing.assert_array_equal(shares_of_ranks(block, low, high), expected)
