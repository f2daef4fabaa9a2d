"""Updates so short that their products are lost in single precision."""

from collections.abc import Iterator

import numpy as np

from rallypoint.safety.aggregation import kernels
from rallypoint.safety.aggregation.kernels import GRID, Piece
from rallypoint.safety.aggregation.span import Matrix
from rallypoint.safety.aggregation.updates import Indices, Updates

# Of squared lengths: what is below may be made of products that float32 rounds to its smallest
# numbers, 1.4e-45 apart, or to nothing. A million of them are off by as much as 1e-39.
_FAINT = 2.0**-110


class InDoublePrecision(Updates):
    """The points of others, whose products are then float64."""

    def __init__(self, whole: Updates) -> None:
        self.n, self.k = whole.n, whole.k
        self.dtype = np.dtype(np.float64)
        self._whole = whole

    def pieces(self, width: int = GRID) -> Iterator[Piece]:
        """Yield the columns block by block."""
        for start, updates, anchors in self._whole.pieces(width):
            yield Piece(start, updates.astype(np.float64), anchors.astype(np.float64))

    def columns(self) -> int:
        """Return d."""
        return self._whole.columns()

    def group(self, points: Indices) -> Updates:
        """Return some of the points, updates and anchors, in order."""
        return InDoublePrecision(self._whole.group(points))


def in_double_precision(
    points: Updates, gram: Matrix, *, is_sure: bool
) -> tuple[Updates, Matrix] | None:
    """Return the points, and their inner products, in double precision, if that is needed.

    It is where most points lie so close to the centre that in single precision they seem to lie on
    it, and do not: a liar could be anywhere among them. If most may be liars, some are enough.

    Args:
        points: to compute with.
        gram: (k, k) their inner products about the centre; off its diagonal it may be NaN.
        is_sure: whether the centre is among the honest even if most others are not.
    """
    if kernels.working(points.dtype) == np.float64:
        return None
    near = gram.diagonal() < _FAINT
    if 2 * np.count_nonzero(near) < (0 if is_sure else points.k):
        return None
    group = np.flatnonzero(near)
    if len(group) < 2:
        return None
    if _is_one(points.group(group)):  # which was seen
        return None
    exact = InDoublePrecision(points)
    return exact, exact.gram(int(group[0]))


def _is_one(points: Updates) -> bool:
    """Say whether all points are the same."""
    for _, updates, anchors in points.pieces():
        block = np.concatenate([updates, anchors]) if len(anchors) else updates
        if (block != block[0]).any():
            return False
    return True
