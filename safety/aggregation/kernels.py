"""The walks over the updates' columns: Gram matrix, coordinate blocks; sums in ``combinations``.

All go block by block on one fixed grid, so that one piece, blocks in a stream and shards give the
same bits, and what is computed on the way stays in the cache. Nothing that comes in is written to.
"""

import functools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rallypoint.safety.aggregation.compiling import PRODUCTS
from rallypoint.safety.aggregation.partial_sum import PartialSum

# Columns of a block. One of 100 updates in float32 is 1.6 MB; narrower ones cost more in calls and
# in packing than they save in cache misses, wider ones lose digits in float32 sums.
GRID = 4096
# At most, for what reads rows one at a time, and multiplies nothing: four blocks of the grid.
WIDE = 4 * GRID
_FEWEST = 4  # rows that a compiled loop multiplies
RUN = 8  # blocks whose products are added up at once, to call NumPy less often

Block = NDArray[Any]  # (n, b)
Stack = NDArray[Any]  # (m, n, b), m blocks in a row
Row = NDArray[Any]  # (b,)


class Piece(NamedTuple):
    """A block of the grid; the arrays are valid until the next."""

    start: int  # the column it begins at
    updates: Block  # (n, b)
    anchors: Block  # (k - n, b), points beside the updates


Pieces = Iterable[Piece]


@functools.cache  # to compare dtypes takes as long as to add some
def working(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the precision of products for updates of a dtype."""
    return np.dtype(np.float64 if dtype == np.float64 else np.float32)


class Scratch:
    """The same memory for every block: fresh pages cost more than the sums written to them."""

    def __init__(self) -> None:
        self._whole: Block | None = None

    def empty(self, rows: int, columns: int, dtype: np.dtype[Any]) -> Block:
        """Return room for (rows, columns), of which the first block has as many as any."""
        if self._whole is None:
            self._whole = np.empty((rows, columns), dtype)
        return self._whole[:, :columns]

    def rows(self, block: Block, chosen: NDArray[np.intp]) -> Block:
        """Return a copy of some rows of a block."""
        room = self.empty(len(chosen), block.shape[1], block.dtype)
        for row, at in zip(room, chosen.tolist(), strict=True):  # take() copies the whole first
            row[:] = block[at]
        return room


def gram(pieces: Pieces, centre: int | None) -> PartialSum:
    """Return the inner products of all points about one of them, or about the origin: (k, k)."""
    total = PartialSum()
    room, products = Scratch(), None
    first = held = k = 0
    for piece in pieces:
        k = len(piece.updates) + len(piece.anchors)
        for start, stack in _offsets(piece, centre, room):
            if products is None:
                products = np.empty((RUN, len(stack[0]), len(stack[0])), stack.dtype)
            upto = held + len(stack)
            _multiply(stack, products[held:upto])
            if not held:
                first = start // GRID
            held = upto
            if held == RUN:
                total.add(first, products[:, :k, :k])
                held = 0
    if products is not None:
        total.add(first, products[:held, :k, :k])
    return total


def _multiply(stack: Stack, products: Stack) -> None:
    """Write the inner products of the rows of each block: (m, k, k)."""
    k = stack.shape[1]
    if k >= _FEWEST and stack.dtype == np.float32 and (loops := PRODUCTS.loops(k)) is not None:
        loops.products(stack, products)
    else:  # half the work: BLAS sees that it is symmetric
        np.matmul(stack, stack.swapaxes(1, 2), out=products)


def _offsets(piece: Piece, centre: int | None, room: Scratch) -> Iterable[tuple[int, Stack]]:
    """Return where points lie from one of them, or from the origin, in blocks: (m, k or more, b).

    About the origin updates are their own offsets, and many blocks need but one call. Rows beyond
    the k points are zeros.
    """
    start, block, anchors = piece
    rows = _padded(len(block) + len(anchors))
    if centre is None and rows == len(block) and _is_ready(block):
        return [(start + here.start, stacked(block[:, here])) for here in at_once(block)]
    return _subtracted(piece, centre, room, rows)


def _subtracted(
    piece: Piece, centre: int | None, room: Scratch, rows: int
) -> Iterator[tuple[int, Stack]]:
    start, block, anchors = piece
    n, b = block.shape
    k = n + len(anchors)
    for at in range(0, b, GRID):
        here = slice(at, at + GRID)
        own, beside = block[:, here], anchors[:, here]
        offsets = room.empty(rows, own.shape[1], working(block.dtype))
        middle = _middle(own, beside, centre)
        np.subtract(own, middle, out=offsets[:n])
        np.subtract(beside, middle, out=offsets[n:k])
        offsets[k:] = 0
        yield start + at, offsets[None]


def at_once(block: Block) -> list[slice]:
    """Return the columns to multiply in one call: all whole blocks of the grid, then the rest.

    Only one block, where a copy of it has to be made.
    """
    b = block.shape[1]
    step = max(b - b % GRID, GRID) if _is_ready(block) else GRID
    return [slice(start, min(start + step, b)) for start in range(0, b, step)]


def stacked(block: Block) -> Stack:
    """Return whole blocks of the grid, or part of one, as a view (m, n, b)."""
    n, b = block.shape
    width = min(b, GRID)
    return block.reshape(n, b // width, width).swapaxes(0, 1)


def spokes(pieces: Pieces, centre: int | None, hubs: Sequence[int]) -> PartialSum:
    """Return inner products about one of the points, or about the origin: (1 + h, k).

    Row 0 has those of each point with itself, the others those of a few, the hubs, with all.
    """
    total = PartialSum()
    room, products = Scratch(), None
    first = held = 0
    for start, block, anchors in pieces:
        n, b = block.shape
        if products is None:
            shape = RUN, 1 + len(hubs), n + len(anchors)
            products = np.empty(shape, working(block.dtype))
        middle = _middle(block, anchors, centre)
        own = block
        if middle.any() or not _is_ready(block):  # an anchor may be the origin, too
            own = room.empty(n, b, products.dtype)
            np.subtract(block, middle, out=own)
        beside = anchors - middle
        here = products[held]
        for points, at in ((own, slice(n)), (beside, slice(n, None))):
            np.vecdot(points, points, out=here[0, at])
            for row, hub in zip(here[1:], hubs, strict=True):
                np.matmul(points, own[hub] if hub < n else beside[hub - n], out=row[at])
        if not held:
            first = start // GRID
        held += 1
        if held == RUN:
            total.add(first, products)
            held = 0
    if products is not None:
        total.add(first, products[:held])
    return total


def _is_ready(block: Block) -> bool:
    """Say whether a block can be multiplied where it lies."""
    return block.dtype == working(block.dtype) and block.strides[1] == block.itemsize


def _middle(block: Block, anchors: Block, centre: int | None) -> Row:
    """Return a point's columns in the precision of products, or the origin's, as one zero."""
    kind = working(block.dtype)
    if centre is None:
        return np.zeros(1, kind)
    row: Row = block[centre] if centre < len(block) else anchors[centre - len(block)]
    return row.astype(kind, copy=False)


def _padded(k: int) -> int:
    """Return how many rows to multiply, zeros for the rest, for k rows to be done soonest."""
    # Measured, AVX-512: BLAS takes up to twice as long for 3, 5, 6 or 7 above a multiple of 8.
    return k if k % 8 in (1, 2) else -(-k // 4) * 4


def at(pieces: Pieces, columns: NDArray[np.intp]) -> Iterator[Block]:
    """Yield the given columns, in rising order, of all points: blocks (k, b) of some width."""
    for start, block, anchors in pieces:
        first, last = columns.searchsorted((start, start + block.shape[1]))
        if first < last:
            here = columns[first:last] - start
            some = block[:, here]
            yield np.concatenate([some, anchors[:, here]]) if len(anchors) else some


def on_grid(pieces: Iterable[Block], width: int = GRID) -> Iterator[tuple[int, Block]]:
    """Cut blocks of any width anew, to those of the grid; each is valid until the next."""
    start = filled = 0
    buffer = np.empty((0, width))
    for piece in pieces:
        at = 0
        while (left := piece.shape[1] - at) > 0:
            if not filled and left >= width:  # no need to copy
                yield start, piece[:, at : at + width]
                start, at = start + width, at + width
                continue
            if not len(buffer):
                buffer = np.empty((len(piece), width), piece.dtype)
            taken = min(width - filled, left)
            buffer[:, filled : filled + taken] = piece[:, at : at + taken]
            filled, at = filled + taken, at + taken
            if filled == width:
                yield start, buffer
                start, filled = start + width, 0
    if filled:
        yield start, buffer[:, :filled]


def non_finite(block: Block) -> NDArray[np.bool_]:
    """Return which rows of a block have a NaN or an infinite entry: (n,)."""
    if block.dtype == np.float16:  # which BLAS does not know
        return np.asarray(~np.isfinite(block).all(axis=1))
    # 0 × x is NaN for those and 0 for all others, and BLAS reads a row faster than isfinite does.
    with np.errstate(invalid="ignore"):
        return np.asarray(np.isnan(block @ np.zeros(block.shape[1], block.dtype)))
