"""Means of order statistics of every column: what coordinate rules are made of.

Sums are taken in float64, so that they lose nothing to float32, and which rows come first makes no
difference to a float32 answer but in its last bit, rarely.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rallypoint.safety.aggregation.selection_network import Groups, network
from rallypoint.safety.aggregation.span import Matrix

Block = NDArray[Any]  # (n, b)
Row = NDArray[Any]  # (b,)
Window = Callable[[Any], tuple[Any, Any]]  # how many are present -> ranks from … to

# Columns at a time: fewer, and calls cost more than the work; more, and rows leave the cache.
_WIDTH = 16384
# Measured, float32, AVX-512: for n = 10, 20, 50, 100 networks take 0.15, 0.3, 0.5, 0.9 times as
# long as np.sort, and np.partition takes twice to six times as long as np.sort.
_LARGEST_NETWORK = 100
# Each thread keeps its scratch: to get as many fresh pages takes longer than the comparisons.
_kept = threading.local()
_MOST_KEPT = 8 << 20  # bytes


def mean_of_ranks(block: Block, low: int, high: int, *, in_place: bool = False) -> Row:
    """Return the mean of the values of rank low … high - 1 in each column: (b,).

    In place, what is in the block is lost.
    """
    means = np.empty(block.shape[1], block.dtype)
    for columns, rows in _ranked(block, ((low, high),), in_place=in_place):
        means[columns] = _mean(rows)
    return means


def mean_nearest(block: Block, keep: int, low: int, high: int, *, in_place: bool = False) -> Row:
    """Return the mean of the values nearest to the mean of rank low … high - 1: (b,).

    Distances are compared in the block's own precision; of two that are equal, the smaller value is
    the nearer: values alone decide, so the order of the rows makes no difference.

    Args:
        block: (n, b).
        keep: how many values.
        low: rank from which the middle is taken.
        high: rank at which the middle ends.
        in_place: whether what is in the block may be lost.
    """
    n = len(block)
    drop = n - keep
    means = np.empty(block.shape[1], block.dtype)
    # In a sorted column the nearest are neighbours: ranks s … s + keep - 1 for an s of at most
    # drop. So the ranks drop … keep - 1 are among them wherever s is, in whatever order; of ranks
    # that are `keep` apart exactly one is, the nearest to the middle.
    cuts = sorted({*range(drop + 1), *range(keep, n + 1), low, high})
    for columns, rows in _ranked(block, tuple(pairwise(cuts)), in_place=in_place):
        middle = _mean(rows[low:high]).astype(block.dtype)
        with np.errstate(over="ignore"):  # too far to be said is far
            for rank in range(keep, n):
                nearest, other = rows[rank % keep], rows[rank]
                further = middle - nearest > other - middle
                rows[rank % keep] = np.where(further, other, nearest)
        means[columns] = _mean(rows[:keep])
    return means


def mean_of_present(block: Block, window: Window, least: int) -> Row:
    """Return the mean of a window of ranks among the finite values of each column: (b,).

    Args:
        block: (n, b).
        window: given how many values are finite, says from which rank to which to average.
        least: where fewer are finite, the answer is NaN.
    """
    n = len(block)
    means = np.empty(block.shape[1], block.dtype)
    for columns in _pieces(block):
        piece = block[:, columns]
        finite = np.isfinite(piece)
        present = finite.sum(axis=0)
        if present.min(initial=n) == n:
            means[columns] = mean_of_ranks(piece, *window(n))
            continue
        low, high = window(present)
        total = np.zeros(piece.shape[1])
        filled = np.where(finite, piece, np.inf)  # those that are missing come last
        for _, rows in _ranked(filled, tuple(pairwise(range(n + 1)))):
            for rank, row in enumerate(rows):
                np.add(total, row, out=total, where=(low <= rank) & (rank < high))
        enough = present >= least
        means[columns] = np.where(enough, total / np.where(enough, high - low, 1), np.nan)
    return means


def shares_of_ranks(block: Block, low: int, high: int) -> Matrix:
    """Return by how much each row made up `mean_of_ranks`: (n, b); of equal values, the first."""
    shares: Matrix = np.empty(block.shape)
    ends = tuple(dict.fromkeys([(low, low + 1), (high - 1, high)]))
    for columns, rows in _ranked(block, ends):
        piece, here = block[:, columns], shares[:, columns]
        inside = (rows[0] <= piece) & (piece <= rows[-1])
        np.multiply(inside, 1 / (high - low), out=here)
        # Where values equal an end, too many lie inside: only there does their order matter.
        tied = np.flatnonzero(np.count_nonzero(inside, axis=0) != high - low)
        if len(tied):
            some = piece[:, tied]
            here[:, tied] = _equal_shares(some, np.argsort(some, axis=0, kind="stable")[low:high])
    return shares


def shares_nearest(block: Block, keep: int, low: int, high: int) -> Matrix:
    """Return by how much each row made up `mean_nearest`: (n, b)."""
    ranked = np.argsort(block, axis=0, kind="stable")
    values = np.take_along_axis(block, ranked, axis=0)
    middle = values[low:high].mean(axis=0, dtype=np.float64).astype(block.dtype)
    with np.errstate(over="ignore"):
        distances = np.abs(values - middle)
    nearest = np.argsort(distances, axis=0, kind="stable")[:keep]
    return _equal_shares(block, np.take_along_axis(ranked, nearest, axis=0))


def shares_of_present(block: Block, window: Window, least: int) -> Matrix:
    """Return by how much each row made up `mean_of_present`: (n, b); nothing where that is NaN."""
    finite = np.isfinite(block)
    present = finite.sum(axis=0)
    ranked = np.argsort(np.where(finite, block, np.inf), axis=0, kind="stable")
    ranks = np.empty_like(ranked)
    np.put_along_axis(ranks, ranked, np.arange(len(block))[:, None], axis=0)
    low, high = window(present)
    inside = finite & (low <= ranks) & (ranks < high) & (present >= least)
    shares: Matrix = inside / np.maximum(inside.sum(axis=0), 1)
    return shares


def _equal_shares(block: Block, chosen: NDArray[np.intp]) -> Matrix:
    shares = np.zeros(block.shape)
    np.put_along_axis(shares, chosen, 1 / len(chosen), axis=0)
    return shares


def _pieces(block: Block) -> Iterator[slice]:
    for start in range(0, block.shape[1], _WIDTH):
        yield slice(start, min(start + _WIDTH, block.shape[1]))


def _ranked(
    block: Block, groups: Groups, *, in_place: bool = False
) -> Iterator[tuple[slice, list[Row]]]:
    """Yield, for some columns at a time, the rows of the ranks of each group, not to be written to.

    They hold until the next are asked for. Inside a group the values of a column come in any order.
    In place, the block is where they come to lie.
    """
    n = len(block)
    if n > _LARGEST_NETWORK:
        for columns in _pieces(block):
            ordered = np.sort(block[:, columns], axis=0)
            yield columns, [ordered[rank] for group in groups for rank in range(*group)]
        return
    found = network(n, groups, in_place=in_place)
    scratch = _scratch(found.num_scratch, min(_WIDTH, block.shape[1]), block.dtype)
    for columns in _pieces(block):
        rows = [*block[:, columns], *scratch[:, : columns.stop - columns.start]]
        for operator, first, second, result in found.steps:
            operator(rows[first], rows[second], out=rows[result])
        yield columns, [rows[slot] for slot in found.held]


def _scratch(rows: int, columns: int, dtype: np.dtype[Any]) -> Block:
    """Return room for (rows, columns), the same as the last in this thread if that is enough."""
    size = rows * columns * dtype.itemsize
    room: NDArray[np.uint8] | None = getattr(_kept, "room", None)
    if room is None or len(room) < size:
        room = np.empty(size, np.uint8)
        if size <= _MOST_KEPT:
            _kept.room = room
    return room[:size].view(dtype).reshape(rows, columns)


def _mean(rows: Sequence[Row]) -> NDArray[np.float64]:
    first, *others = rows
    total = first.astype(np.float64)
    for row in others:
        np.add(total, row, out=total)
    total /= len(rows)
    return total
