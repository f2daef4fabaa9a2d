"""MDA: the mean of the n - f updates that lie closest together."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from rallypoint.errors import InvalidConfig
from rallypoint.safety.aggregation.parts import Context, SpanRule, mean_of
from rallypoint.safety.aggregation.rules import register
from rallypoint.safety.aggregation.span import Matrix, Span, Weights
from rallypoint.safety.aggregation.vertex_cover import Branches, members, vertex_cover


@register
@dataclass(frozen=True, kw_only=True)
class Mda(SpanRule):
    """Minimum-diameter averaging: mean of n - f updates whose farthest two are the nearest.

    Exact, and not by trying all subsets: updates farther apart than some distance are the edges
    of a graph, and leaving out at most f updates leaves no such pair where those f touch every
    edge. So the smallest distance that allows it is found by bisection.

    Often several subsets have the least diameter, since only one pair decides it. Of these it is
    the one whose second largest distance is least, then the third, and so on: a choice that does
    not depend on the order of updates. Only where distances are equal does it: of two equal pairs
    the later one counts as the larger.

    Robustness: a swapped update is at most two diameters off, so |F - mean(S)| is at most
    2 f / (n - f) times the diameter of S, whose square is at most 2 (n - f) times its variance.
    """

    name: ClassVar[str] = "mda"
    bound: ClassVar[str] = "n >= 2 f + 1"
    cost: ClassVar[str] = "one Gram, one read; and a search, exponential in f at worst"
    source: ClassVar[str] = (
        "El Mhamdi, Guerraoui, Guirguis, Hoang & Rouault, 2020, Genuinely Distributed Byzantine "
        "Machine Learning, arXiv:1905.03853; Rousseeuw, 1985"
    )

    branches: int = 200_000  # of the search, beyond which it is refused; about 20 µs each

    def __post_init__(self) -> None:
        if self.branches < 1:
            raise InvalidConfig(f"branches must be at least 1, got {self.branches}")

    def robustness(self, n: int, f: int) -> float:
        """Return 8 f² / (n - f)."""
        return 8 * f**2 / (n - f)

    def weights(self, span: Span, f: int, context: Context) -> Weights:
        """Return the weights (k,) of the mean of the tightest n - f updates.

        Raises:
            SearchTooLong: the search takes more branches than allowed.
        """
        del context
        return mean_of(span, _tightest(span.distances, f, Branches(self.branches)))


def _tightest(squared: Matrix, f: int, branches: Branches) -> NDArray[np.bool_]:
    """Return a mask (n,) of the n - f points whose distances, largest first, are the least."""
    ranks = _ranks(squared)
    n = len(ranks)
    kept = np.zeros(n, dtype=bool)  # for sure
    low = 0  # pairs of a lower rank are kept apart, unless both are kept for sure
    while kept.sum() < n - f:
        high, stride = len(ranks) * (n - 1) // 2, 1
        while high - low > 1:
            middle = min(low + stride, (low + high) // 2)
            left_out = _left_out(ranks < middle, kept, f, branches)
            if left_out is None:
                high = middle
            else:
                together = ~(left_out[:, None] | left_out | (kept[:, None] & kept))
                low = ranks[together].min()
                stride *= 2
        kept |= (ranks == low).any(axis=0)
        low += 1
        out = _surely_out(ranks < low, kept, f)
        if out.sum() == f:
            return ~out
    return kept


def _ranks(squared: Matrix) -> NDArray[np.int64]:
    """Return the rank of each pair (n, n), 0 for the farthest; the diagonal ranks last."""
    n = len(squared)
    rows, columns = np.triu_indices(n, 1)
    ascending = np.argsort(squared[rows, columns], kind="stable")
    ranks = np.full((n, n), len(rows))
    ranks[rows[ascending], columns[ascending]] = np.arange(len(rows))[::-1]
    np.minimum(ranks, ranks.T.copy(), out=ranks)
    return ranks


def _left_out(
    far: NDArray[np.bool_], kept: NDArray[np.bool_], f: int, branches: Branches
) -> NDArray[np.bool_] | None:
    """Return a mask (n,) of at most f points without which no two are far, or None.

    Args:
        far: (n, n) pairs that are.
        kept: points that stay, even if they are far from each other.
        f: how many points may be left out.
        branches: counts the branches of the search.
    """
    left_out = _surely_out(far, kept, f)
    if left_out.sum() > f:
        return None
    free = ~(kept | left_out)
    packed = np.packbits(np.vstack([far, free]), axis=1, bitorder="little")
    *neighbours, among = (int.from_bytes(row, "little") for row in packed)
    cover = vertex_cover(neighbours, among, f - int(left_out.sum()), branches)
    if cover is None:
        return None
    left_out[list(members(cover))] = True
    return left_out


def _surely_out(far: NDArray[np.bool_], kept: NDArray[np.bool_], f: int) -> NDArray[np.bool_]:
    """Return a mask (n,): far from one that is kept, or from more than may still be left out."""
    out: NDArray[np.bool_] = far[kept].any(axis=0) & ~kept
    while True:
        more = (far & ~(kept | out)).sum(axis=1) > f - out.sum()
        more &= ~(kept | out)
        if not more.any():
            return out
        out |= more
