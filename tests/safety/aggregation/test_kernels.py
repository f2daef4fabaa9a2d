"""The walks over the columns, beside the same by brute force."""

from itertools import pairwise

import numpy as np
import pytest

from rallypoint.safety.aggregation import combinations, kernels
from rallypoint.safety.aggregation.kernels import GRID, RUN, Piece
from rallypoint.safety.aggregation.partial_sum import PartialSum
from rallypoint.safety.aggregation.updates import InMemory, Stream

WIDTHS = [1, 7, GRID - 1, GRID, GRID + 1, 3 * GRID + 5]


def pieces(updates, anchors=()):
    anchors = np.array(anchors).reshape(-1, updates.shape[1])
    for start in range(0, updates.shape[1], GRID):
        yield Piece(start, updates[:, start : start + GRID], anchors[:, start : start + GRID])


@pytest.mark.parametrize("d", WIDTHS)
@pytest.mark.parametrize("n", [1, 2, 4, 7])
def test_the_gram_matrix_is_that_of_offsets(n, d, rng):
    updates, anchors = 50 + rng.standard_normal((n, d)), rng.standard_normal((2, d))
    points = np.vstack([updates, anchors])
    for centre in (None, *range(n + 2)):
        offsets = points - (0 if centre is None else points[centre])
        gram = kernels.gram(pieces(updates, anchors), centre).total()
        assert np.allclose(gram, offsets @ offsets.T, rtol=1e-12, atol=1e-9 * d)
        assert (gram == gram.T).all()
        assert centre is None or not gram[centre].any()


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("n", [7, 12, 20])  # 7 are multiplied beside a row of zeros
@pytest.mark.parametrize("d", [5, GRID, RUN * GRID + GRID + 3, 2 * RUN * GRID])
def test_many_blocks_at_once_give_the_bits_of_one_after_another(n, d, dtype, rng):
    whole = rng.standard_normal((n, d)).astype(dtype)
    cut = InMemory(whole)
    parts = Stream(whole[:, :3], lambda: np.array_split(whole, 5, axis=1))
    assert cut.gram(None).tobytes() == parts.gram(None).tobytes()
    assert cut.gram(2).tobytes() == parts.gram(2).tobytes()
    for weights in (rng.standard_normal(n), np.eye(n)[1], np.eye(n)[1] / 2):
        assert cut.weighted_sum(weights).tobytes() == parts.weighted_sum(weights).tobytes()


def test_every_second_column_is_multiplied_as_a_copy_of_it(rng):
    spread = rng.standard_normal((12, 2 * GRID + 50)).astype(np.float32)[:, ::2]
    assert InMemory(spread).gram(None).tobytes() == InMemory(spread.copy()).gram(None).tobytes()


def test_single_precision_is_summed_in_double(rng):
    updates = rng.standard_normal((5, 200 * GRID)).astype(np.float32)
    offsets = updates.astype(np.float64) - updates[2]
    expected = offsets @ offsets.T
    off = np.abs(InMemory(updates).gram(2) - expected).max() / expected.max()
    assert off < 2e-8  # float32 products are right to 6e-8 each; their errors average out


def products(rng, count):
    # Of all sizes, so that the order of addition shows.
    return rng.standard_normal((count, 2, 2)) * 10.0 ** rng.integers(-8, 8, (count, 1, 1))


def summed(parts, order):
    total = PartialSum()
    for block in order:
        total.add(block, parts[block][None])
    return total


@pytest.mark.parametrize("count", [1, 2, 3, 8, 13, 100])
def test_sums_have_the_same_bits_in_any_order_and_division(count, rng):
    parts = products(rng, count)
    whole = summed(parts, range(count)).total()
    assert np.allclose(whole, parts.sum(axis=0))
    for _ in range(20):
        order = rng.permutation(count)
        assert summed(parts, order).total().tobytes() == whole.tobytes()
        cut = rng.integers(0, count + 1)
        shards = summed(parts, order[:cut]) + summed(parts, order[cut:])
        assert shards.total().tobytes() == whole.tobytes()


@pytest.mark.parametrize("count", [1, 2, 3, 8, 13, 100])
def test_blocks_in_a_row_have_the_same_bits_at_once(count, rng):
    parts = products(rng, count + 11)
    for first in (0, 1, 3, 11):
        whole = summed(parts, range(first, first + count)).total()
        for runs in ([0, count], [0, count // 2, count], [0, count // 3, count // 3 + 1, count]):
            total = PartialSum()
            for start, end in pairwise(runs):
                total.add(first + start, parts[first + start : first + end])
            assert total.total().tobytes() == whole.tobytes()


def test_a_plain_sum_would_not(rng):
    parts = products(rng, 100)
    assert len({sum(parts[rng.permutation(100)]).tobytes() for _ in range(20)}) > 1


@pytest.mark.parametrize("d", WIDTHS)
def test_a_weighted_sum_is_one(d, rng):
    updates, anchors = rng.standard_normal((6, d)), rng.standard_normal((2, d))
    for weights in (rng.standard_normal(8), np.array([0.5, 0, 0, 0.5, 0, 0, 0, 0]), np.eye(8)[6]):
        rows = combinations.weighted_sum(pieces(updates, anchors), weights)
        found = np.concatenate([row.copy() for row in rows])
        assert np.allclose(found, weights @ np.vstack([updates, anchors]))


@pytest.mark.parametrize("used", range(1, 9))
def test_points_of_no_weight_add_nothing(used, rng):
    updates = rng.standard_normal((8, 30)).astype(np.float32)
    weights = np.zeros(8)
    weights[rng.permutation(8)[:used]] = 0.3
    updates[weights == 0] = np.finfo(np.float32).max
    [found] = combinations.weighted_sum(pieces(updates), weights)
    assert np.allclose(found, 0.3 * updates[weights > 0].sum(axis=0), rtol=1e-5, atol=1e-5)


def test_a_single_one_comes_back_bit_for_bit(rng):
    updates = (1e4 * rng.standard_normal((4, 30))).astype(np.float16)
    [found] = combinations.weighted_sum(pieces(updates), np.eye(4)[2])
    assert found.tobytes() == updates[2].tobytes()
    assert not np.shares_memory(found, updates)
    [chosen] = combinations.mixed(pieces(updates), np.eye(4)[[3, 1]])
    assert chosen.tobytes() == updates[[3, 1]].tobytes()


@pytest.mark.parametrize("d", WIDTHS)
def test_mixed_blocks_are_combinations(d, rng):
    updates, anchors = rng.standard_normal((6, d)), rng.standard_normal((1, d))
    mixing = rng.standard_normal((3, 7))
    found = np.hstack(
        [block.copy() for block in combinations.mixed(pieces(updates, anchors), mixing)]
    )
    assert np.allclose(found, mixing @ np.vstack([updates, anchors]))


def test_what_is_mixed_alike_is_the_same(rng):
    updates = rng.standard_normal((6, 2 * GRID + 5)).astype(np.float32)
    mixing = rng.random((2, 6))[[0, 1, 0, 0, 1]]
    found = np.hstack([block.copy() for block in combinations.mixed(pieces(updates), mixing)])
    assert np.allclose(found, mixing @ updates, atol=1e-5)
    assert found[0].tobytes() == found[2].tobytes() == found[3].tobytes()
    assert found[1].tobytes() == found[4].tobytes() != found[0].tobytes()


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_whatever_is_not_finite_is_found(dtype, rng):
    block = rng.standard_normal((40, 500)).astype(dtype)
    block[0] = np.finfo(dtype).max  # finite, whatever its sum is
    block[1, 3], block[2, 499], block[3, 0], block[4] = np.nan, np.inf, -np.inf, np.inf
    assert np.flatnonzero(kernels.non_finite(block)).tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize(
    "widths", [[1], [GRID], [5, GRID, 1, 3 * GRID + 2, 7], [1] * 50, [GRID] * 3]
)
def test_blocks_of_any_width_are_cut_anew(widths, rng):
    whole = rng.standard_normal((2, sum(widths)))
    cut = np.split(whole, np.cumsum(widths)[:-1], axis=1)
    found = [(start, block.copy()) for start, block in kernels.on_grid(cut)]
    assert [start for start, _ in found] == list(range(0, sum(widths), GRID))
    assert np.array_equal(np.hstack([block for _, block in found]), whole)


def test_sampled_columns_are_those(rng):
    updates, anchors = rng.standard_normal((3, 3 * GRID)), rng.standard_normal((1, 3 * GRID))
    columns = np.sort(rng.choice(3 * GRID, 500, replace=False))
    found = np.hstack(list(kernels.at(pieces(updates, anchors), columns)))
    assert np.array_equal(found, np.vstack([updates, anchors])[:, columns])
