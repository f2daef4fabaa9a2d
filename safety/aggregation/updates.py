"""Where updates are read from: one array, or blocks of columns, always on one grid."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rallypoint.errors import InvalidUpdates
from rallypoint.safety.aggregation import combinations, kernels
from rallypoint.safety.aggregation.accepted import check_dtype, check_shape
from rallypoint.safety.aggregation.kernels import GRID, RUN, WIDE, Block, Piece, Row
from rallypoint.safety.aggregation.span import Matrix, Weights

Indices = NDArray[np.intp]
# A point beside the updates: its columns from one on, so many, given how to get the updates'.
AnchorOf = Callable[[int, int, Callable[[], Block]], Row]


class Updates(ABC):
    """n updates in d columns, and perhaps anchors beside them: k points.

    Only the methods of this class walk the columns.
    """

    n: int
    k: int
    dtype: np.dtype[Any]
    at_once: int = GRID  # columns that can be had without a copy of them

    @abstractmethod
    def pieces(self, width: int = GRID) -> Iterator[Piece]:
        """Yield the columns block by block, so many at a time: a multiple of GRID."""

    @abstractmethod
    def columns(self) -> int:
        """Return d."""

    def width(self, scratch: int, step: int = GRID) -> int:
        """Return how many columns to walk at a time, if each takes so many numbers of scratch.

        As many as WIDE, but so few that with the answer no more than a quarter of the updates'
        memory is taken; a multiple of a step.
        """
        return _width(self, self.columns(), scratch, step)

    def joined(self, pieces: Iterable[Row]) -> Any:
        """Return pieces of an answer as one, (d,), of the updates' type, dtype and device."""
        return np.concatenate([piece.astype(self.dtype) for piece in pieces])

    def is_finite(self, answer: Any) -> bool:
        """Say whether all of an answer is."""
        return bool(np.isfinite(answer).all())

    def layers(self, sizes: Sequence[int]) -> Iterator["Updates"]:
        """Yield the columns of each layer in turn, one layer at a time in memory."""
        ends = np.cumsum(sizes)
        held: list[Block] = []
        for start, block, _ in self.pieces():
            at = start
            while len(ends) and at < start + block.shape[1]:
                upto = min(int(ends[0]), start + block.shape[1])
                held.append(block[:, at - start : upto - start].copy())
                at = upto
                if at == ends[0]:
                    yield InMemory(np.concatenate(held, axis=1))
                    held, ends = [], ends[1:]

    def gram(self, centre: int | None) -> Matrix:
        """Return the inner products of all points about one of them, or the origin: (k, k)."""
        with np.errstate(over="ignore", invalid="ignore"):
            return kernels.gram(self.pieces(self.at_once), centre).total()

    def spokes(self, centre: int | None, hubs: Sequence[int]) -> Matrix:
        """Return inner products with hubs, about a point or the origin: (k, k), the others NaN.

        Those of each with itself are known, too. All take n d multiplications a hub, not n² d.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            rows = kernels.spokes(self.pieces(), centre, hubs).total()
        products: Matrix = np.full((self.k, self.k), np.nan)
        for hub, row in zip(hubs, rows[1:], strict=True):
            products[hub] = products[:, hub] = row
        if centre is not None:
            products[centre] = products[:, centre] = 0
        products.flat[:: self.k + 1] = rows[0]
        return products

    def weighted_sum(self, weights: Weights) -> Any:
        """Return the sum of the points times their weights (k,): (d,)."""
        with np.errstate(over="ignore", invalid="ignore"):
            return self.joined(combinations.weighted_sum(self.pieces(self.at_once), weights))

    def magnitudes(self) -> NDArray[np.float64]:
        """Return the largest absolute entry of each: (n,); infinite for one not finite."""
        largest = np.zeros(self.n)
        for _, block, _ in self.pieces():
            with np.errstate(invalid="ignore"):
                here = np.maximum(block.max(axis=1), -block.min(axis=1)).astype(np.float64)
            np.maximum(largest, np.where(np.isnan(here), np.inf, here), out=largest)
        return largest

    def first_columns(self, most: int) -> Block:
        """Return some columns, the first: (n, b)."""
        return next(self.pieces()).updates[:, :most]

    def taking(self, rows: Indices, anchors: Sequence[AnchorOf] = ()) -> "Updates":
        """Return some of the updates, in order, with anchors beside them."""
        return self if len(rows) == self.n and not anchors else Taken(self, rows, anchors)

    def group(self, points: Indices) -> "Updates":
        """Return some of the points, updates and anchors, in order."""
        return self.taking(points)

    def at(self, columns: Indices) -> "Updates":
        """Return the points in some of their columns, given in rising order."""
        return Sampled(self, columns)


class InMemory(Updates):
    """Updates that are one array (n, d)."""

    at_once = RUN * GRID

    def __init__(self, array: NDArray[Any]) -> None:
        check_shape(array.shape)
        check_dtype(array.dtype)
        self.n = self.k = len(array)
        self.dtype = array.dtype
        self._array = array

    def pieces(self, width: int = GRID) -> Iterator[Piece]:
        """Yield the columns block by block, as views."""
        for start in range(0, self.columns(), width):
            block = self._array[:, start : start + width]
            yield Piece(start, block, block[:0])

    def layers(self, sizes: Sequence[int]) -> Iterator[Updates]:
        """Yield the columns of each layer in turn, which are views."""
        start = 0
        for size in sizes:
            yield type(self)(self._array[:, start : start + size])
            start += size

    def columns(self) -> int:
        """Return d."""
        return int(self._array.shape[1])

    def first_columns(self, most: int) -> Block:
        """Return some columns, the first, as a view: (n, b)."""
        return self._array[:, :most]

    def joined(self, pieces: Iterable[Row]) -> Any:
        """Return pieces of an answer as one array (d,)."""
        answer = np.empty(self.columns(), self.dtype)
        start = 0
        for piece in pieces:
            answer[start : start + len(piece)] = piece
            start += len(piece)
        return answer


class Stream(Updates):
    """Updates that come in blocks of columns of any width, as often as they are asked for."""

    def __init__(self, first: Block, source: Callable[[], Iterable[Block]]) -> None:
        self._source = source
        self.n = self.k = len(first)
        self.dtype = first.dtype
        self._columns: int | None = None
        self._first_columns = first.shape[1]

    def pieces(self, width: int = GRID) -> Iterator[Piece]:
        """Yield the columns block by block."""
        columns = 0
        for start, block in kernels.on_grid(self._checked(), width):
            columns = start + block.shape[1]
            yield Piece(start, block, block[:0])
        if self._columns is None:
            self._columns = columns
        if not columns or columns != self._columns:
            raise InvalidUpdates(
                f"blocks must be the same each time they are asked for, and had {self._columns} "
                f"columns, then {columns}; give a list, or a function that begins anew"
            )

    def columns(self) -> int:
        """Return d, for which all blocks are read unless they were before."""
        if self._columns is None:
            for _ in self.pieces():
                pass
        assert self._columns is not None
        return self._columns

    def width(self, scratch: int, step: int = GRID) -> int:
        """Return how many columns to walk at a time, where blocks may have to be put together."""
        # Of unread ones there are at least those of the first block.
        return _width(self, self._columns or self._first_columns, scratch + self.n, step)

    def _checked(self) -> Iterator[Block]:
        for block in self._source():
            if len(block) != self.n or block.dtype != self.dtype:
                raise InvalidUpdates(
                    f"all blocks must be ({self.n}, b) of {self.dtype} like the first, "
                    f"got {block.shape} of {block.dtype}"
                )
            yield block


class Taken(Updates):
    """Some of the updates of others, with anchors beside them."""

    def __init__(self, whole: Updates, rows: Indices, anchors: Sequence[AnchorOf]) -> None:
        self.n = len(rows)
        self.k = len(rows) + len(anchors)
        self.dtype = whole.dtype
        self._whole, self._rows, self._anchors = whole, rows, anchors

    def pieces(self, width: int = GRID) -> Iterator[Piece]:
        """Yield the columns block by block."""
        picked = kernels.Scratch()
        at_once = width
        if self._anchors:  # one of which may be a coordinate rule's answer
            at_once *= max(1, self.width(2 * self.n + len(self._anchors)) // width)
        for start, whole, _ in self._whole.pieces(at_once):
            block = whole if self.n == len(whole) else picked.rows(whole, self._rows)
            anchors = rows_of(self._anchors, start, block)
            for at in range(0, block.shape[1], width):
                here = slice(at, at + width)
                yield Piece(start + at, block[:, here], anchors[:, here])

    def width(self, scratch: int, step: int = GRID) -> int:
        """Return how many columns to walk at a time."""
        return self._whole.width(scratch, step)

    def columns(self) -> int:
        """Return d."""
        return self._whole.columns()

    def joined(self, pieces: Iterable[Row]) -> Any:
        """Return pieces of an answer as the whole would."""
        return self._whole.joined(pieces)

    def group(self, points: Indices) -> Updates:
        """Return some of the points, updates and anchors, in order."""
        anchors = [self._anchors[at - self.n] for at in points[points >= self.n]]
        return Taken(self._whole, self._rows[points[points < self.n]], anchors)


class Sampled(Updates):
    """All points of others in some of their columns, given in rising order."""

    def __init__(self, whole: Updates, chosen: Indices) -> None:
        self.n = self.k = whole.k
        self.dtype = whole.dtype
        self._whole, self._chosen = whole, chosen

    def pieces(self, width: int = GRID) -> Iterator[Piece]:
        """Yield the chosen columns on a grid of their own."""
        some = kernels.on_grid(kernels.at(self._whole.pieces(), self._chosen), width)
        yield from (Piece(start, block, block[:0]) for start, block in some)

    def columns(self) -> int:
        """Return how many were chosen."""
        return len(self._chosen)


def _width(updates: Updates, columns: int, scratch: int, step: int) -> int:
    taken = scratch * kernels.working(updates.dtype).itemsize / updates.dtype.itemsize
    most = int(columns * (updates.n / 4 - 1) / taken)
    return min(max(most // step * step, GRID), WIDE)


def rows_of(anchors: Sequence[AnchorOf], start: int, block: Block) -> Block:
    """Return the columns of anchors that belong to a block: (len(anchors), b)."""
    kind = kernels.working(block.dtype)
    if len(anchors) == 1:  # the commonest, and sooner had without a copy
        only = anchors[0](start, block.shape[1], lambda: block)
        return only.astype(kind, copy=False)[None]
    rows = np.empty((len(anchors), block.shape[1]), kind)
    for row, anchor in enumerate(anchors):
        rows[row] = anchor(start, block.shape[1], lambda: block)
    return rows
