"""Weighted sums of updates, on the grid of ``kernels``."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rallypoint.safety.aggregation.kernels import (
    GRID,
    Block,
    Pieces,
    Row,
    Scratch,
    at_once,
    stacked,
    working,
)
from rallypoint.safety.aggregation.span import Matrix, Weights


def weighted_sum(pieces: Pieces, weights: Weights) -> Iterator[Row]:
    """Yield the sum of the finite points times their weights, (k,), each valid until the next.

    A single one of weight 1 comes back bit for bit.
    """
    used = weights.nonzero()[0]
    single = used[0] if len(used) == 1 and weights[used[0]] == 1 else None
    picked, answer, some, own = Scratch(), Scratch(), None, None
    for _, block, anchors in pieces:
        n, b = block.shape
        if single is not None and single < n:
            yield block[single].copy()
            continue
        if own is None:  # once for all blocks
            some = _few(used[used < n], n)
            kind = working(block.dtype)
            own, beside = weights[:n].astype(kind), weights[n:].astype(kind)
            own = own if some is None else own[some]
        rows = block if some is None else picked.rows(block, some)
        total = answer.empty(1, b, own.dtype)[0]
        for start in range(0, b, GRID):  # block by block, as a product's bits depend on its width
            here = slice(start, start + GRID)
            part = rows[:, here]
            if part.dtype != own.dtype:
                part = part.astype(own.dtype)
            np.matmul(own, part, out=total[here])
            if len(anchors):
                total[here] += beside @ anchors[:, here]
        yield total


def _few(used: NDArray[np.intp], n: int) -> NDArray[np.intp] | None:
    """Return which of n updates to pick out, of which only some are used; None for all.

    A few are picked out, most are sooner multiplied with zeros among them.
    """
    return used if 2 * len(used) < n else None


def mixed(pieces: Pieces, mixing: Matrix) -> Iterator[Block]:
    """Yield combinations (n', b) of the points, for a mixing (n', k); valid until the next."""
    chosen = mixing.argmax(axis=1)
    selects = np.array_equal(mixing, np.eye(mixing.shape[1])[chosen])
    # Where lies lie apart, all honest updates are mixed alike: what is the same is done once.
    different, place = np.unique(mixing, axis=0, return_inverse=True)
    repeats = 2 * len(different) <= len(mixing)
    combine, picked = _Combination(different if repeats else mixing), Scratch()
    for _, block, anchors in pieces:
        if selects and chosen.max() < len(block):
            yield picked.rows(block, chosen)  # bit for bit
        else:
            combined = combine(block, anchors)
            yield picked.rows(combined, place) if repeats else combined


class _Combination:
    """Combinations (n', k) of finite points."""

    def __init__(self, weights: Matrix) -> None:
        self._weights = weights
        self._ready: tuple[NDArray[Any], NDArray[Any], NDArray[np.intp] | None] | None = None
        self._picked, self._answer = Scratch(), Scratch()

    def __call__(self, block: Block, anchors: Block) -> Block:
        """Return the combinations of updates (n, b) and anchors (k - n, b): (n', b)."""
        n, b = block.shape
        if self._ready is None:  # once for all blocks
            self._ready = self._prepared(n, working(block.dtype))
        weights, beside, some = self._ready
        rows = block if some is None else self._picked.rows(block, some)
        total = self._answer.empty(len(weights), b, weights.dtype)
        for here in at_once(rows):  # block by block, as a product's bits depend on its width
            part = rows[:, here].astype(weights.dtype, copy=False)
            np.matmul(weights, stacked(part), out=stacked(total[:, here]))
            if beside.size:
                total[:, here] += beside @ anchors[:, here]
        return total

    def _prepared(
        self, n: int, kind: np.dtype[Any]
    ) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.intp] | None]:
        """Return the weights of the updates used and of the anchors, and which those updates are.

        None means all.
        """
        weights = self._weights.astype(kind)
        own, beside = weights[:, :n], weights[:, n:]
        some = _few(np.flatnonzero(self._weights[:, :n].any(axis=0)), n)
        return own if some is None else own[:, some], beside, some
