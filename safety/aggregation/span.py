"""Updates as their inner products know them: what span rules and mixings decide on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Weights = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Span:
    """k points: n updates, then the anchors, by the Gram matrix of their offsets from one of them.

    The centre is chosen for precision and says nothing, so only differences of points mean
    anything: distances, and combinations whose weights sum to one. Where the origin matters, as
    for norms and cosines, it is an anchor like any other.
    """

    gram: Matrix  # (k, k), symmetric; for a radial rule, NaN between most updates
    n: int  # updates; the points from n on are anchors
    anchors: Mapping[str, slice]  # name -> its points, of those a rule declared
    # The same points by so many columns, drawn without replacement; for rules that sample some.
    sampled: Callable[[np.random.Generator, int], "Span"]
    known: Matrix | None = None  # `squared`, where somebody has computed it
    sorted_rows: Matrix | None = None  # likewise with the nearest first

    @cached_property
    def squared(self) -> Matrix:
        """Squared distances between all points: (k, k), never negative, 0 on the diagonal."""
        return squared_distances(self.gram) if self.known is None else self.known

    @property
    def distances(self) -> Matrix:
        """Squared distances between updates: (n, n)."""
        return self.squared[: self.n, : self.n]

    @property
    def nearest(self) -> Matrix:
        """Squared distances of each update to all, the nearest first, itself: (n, n)."""
        if self.sorted_rows is not None and not self.anchors:
            return self.sorted_rows
        ordered = self.distances.copy()
        ordered.sort(axis=1)  # np.sort takes longer for as few
        return ordered

    def about(self, weights: Weights) -> Matrix:
        """Return the Gram matrix of all points about another centre, their combination: (k, k).

        Args:
            weights: (k,), summing to one.
        """
        used = np.flatnonzero(weights)  # of the rest, a rule that is radial may know nothing
        inner = self.gram[:, used] @ weights[used]
        own = weights[used] @ inner[used]
        about: Matrix = self.gram - inner[:, None] - inner[None, :] + own
        return about

    def squared_from(self, weights: Weights) -> Weights:
        """Return squared distances of all points from their combination: (k,), never negative.

        Args:
            weights: (k,), summing to one.
        """
        used = weights.nonzero()[0]  # of the rest, a rule that is radial may know nothing
        inner = self.gram[:, used] @ weights[used]
        squared: Weights = self.gram.diagonal() - inner - inner + weights[used] @ inner[used]
        np.maximum(squared, 0, out=squared)
        return squared

    def anchor(self, name: str) -> int:
        """Return the index of an anchor that is one point."""
        start: int = self.anchors[name].start
        return start

    def mixed(self, mixing: Matrix) -> "Span":
        """Return the span of mixed updates (n', k), rows summing to one, beside the anchors."""
        moved = len(mixing) - self.n
        whole = mixing
        if self.anchors:
            whole = np.vstack([mixing, np.eye(len(self.gram))[self.n :]])
        sampled = self.sampled
        return Span(
            whole @ self.gram @ whole.T,
            len(mixing),
            {name: slice(at.start + moved, at.stop + moved) for name, at in self.anchors.items()},
            lambda rng, columns: sampled(rng, columns).mixed(mixing),
        )


def squared_distances(gram: Matrix) -> Matrix:
    """Return the squared distances between points: (k, k), never negative, 0 on the diagonal."""
    norms = gram.diagonal()
    squared: Matrix = norms[:, None] + norms
    squared -= 2 * gram
    np.maximum(squared, 0, out=squared)
    squared.flat[:: len(squared) + 1] = 0  # fill_diagonal() takes three times as long
    return squared


def in_units(gram: Matrix) -> Matrix:
    """Return a Gram matrix in a unit in which the longest point is about as long as 1.

    The unit is a power of two, and so no digit of a product, a quotient or a root is another: what
    is decided by shares alone is so to the same bit. But in this unit neither products of squares
    nor their inverses overflow.
    """
    _, exponent = np.frexp(gram.diagonal().max())
    exponent += exponent & 1  # of squares, so that the unit of lengths is a power of two, too
    scaled: Matrix = gram * np.ldexp(1.0, -max(int(exponent), -1022))
    return scaled
