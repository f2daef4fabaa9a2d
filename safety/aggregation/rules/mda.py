"""MDA: the mean of the n - f updates that lie closest together."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from rallypoint.errors import InvalidConfig
from rallypoint.safety.aggregation.compiling import SEARCH
from rallypoint.safety.aggregation.parts import Context, SpanRule, mean_of
from rallypoint.safety.aggregation.rules import register
from rallypoint.safety.aggregation.span import Matrix, Span, Weights
from rallypoint.safety.aggregation.vertex_cover import Branches, Vertices, members, vertex_cover


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
    Code of the literature has (n - f) / (sqrt(8) f) for the largest spread, 0.82 for ten with
    three: it takes sqrt(2) deviations for the diameter, which two honest updates are apart in the
    root mean square, and the farthest two further. Liars turn it at a spread of 0.58.
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
        kept = tightest(span.distances, f, Branches(self.branches))
        return mean_of(span, np.flatnonzero(kept))  # beside the updates there may be anchors


def tightest(squared: Matrix, f: int, branches: Branches) -> NDArray[np.bool_]:
    """Return a mask (n,) of the n - f points whose distances, largest first, are the least."""
    n = len(squared)
    if f == 0:
        return np.ones(n, dtype=bool)
    if (loops := SEARCH.loops(n)) is not None:
        counter, stays = np.array([0, branches.most]), np.empty(n, dtype=bool)
        is_found = loops.tightest(_pairs(squared), f, counter, stays)
        branches.taken = min(int(counter[0]), branches.most)
        if not is_found:
            branches.take()  # refuses
        return stays
    pairs, ranks = _ranked(squared)
    kept: Vertices = 0  # for sure
    low = 0  # pairs of a lower rank are kept apart, unless both are kept for sure
    while kept.bit_count() < n - f:
        high, stride = len(pairs), 1
        while high - low > 1:
            middle = min(low + stride, (low + high) // 2)
            left_out = _left_out(_neighbours(ranks < middle), kept, f, branches)
            if left_out is None:
                high = middle
            else:
                low = _farthest(ranks, kept, _mask(~(left_out | kept), n))
                stride *= 2
        for vertex in pairs[low]:
            kept |= 1 << vertex
        low += 1
        out = _surely_out(_neighbours(ranks < low), kept, f)
        if out.bit_count() == f:
            return _mask(~out, n)
    return _mask(kept, n)


def _pairs(squared: Matrix) -> NDArray[np.int64]:
    """Return all pairs, the farthest first: (p, 2)."""
    pairs = _upper(len(squared))
    order = squared[pairs[:, 0], pairs[:, 1]].argsort(kind="stable")[::-1]
    return pairs[order]


@functools.cache  # takes as long as all else here
def _upper(n: int) -> NDArray[np.int64]:
    return np.stack(np.triu_indices(n, 1), axis=1).astype(np.int64)


def _ranked(squared: Matrix) -> tuple[list[list[int]], NDArray[np.int64]]:
    """Return all pairs, the farthest first, and the rank of each, (n, n); the diagonal is last."""
    n = len(squared)
    pairs = _pairs(squared)
    rows, columns = pairs.T
    ranks = np.full((n, n), len(rows))
    ranks[rows, columns] = ranks[columns, rows] = np.arange(len(rows))
    return pairs.tolist(), ranks


def _farthest(ranks: NDArray[np.int64], kept: Vertices, free: NDArray[np.bool_]) -> int:
    """Return the rank of the farthest pair among those who stay, not both of them kept for sure."""
    rows = ranks[free]
    sure = _mask(kept, len(ranks))
    return int(min(rows[:, free].min(initial=ranks.max()), rows[:, sure].min(initial=ranks.max())))


def _mask(vertices: Vertices, n: int) -> NDArray[np.bool_]:
    """Return a set as a mask (n,)."""
    size = (n + 7) // 8
    packed = np.frombuffer((vertices & (1 << n) - 1).to_bytes(size, "little"), dtype=np.uint8)
    return np.unpackbits(packed, count=n, bitorder="little").view(np.bool_)


def _neighbours(far: NDArray[np.bool_]) -> list[Vertices]:
    """Return with whom each makes a pair, of a mask (n, n) of pairs."""
    packed = np.packbits(far, axis=1, bitorder="little")
    size, rows = packed.shape[1], packed.tobytes()
    return [int.from_bytes(rows[at : at + size], "little") for at in range(0, len(rows), size)]


def _left_out(
    far: Sequence[Vertices], kept: Vertices, f: int, branches: Branches
) -> Vertices | None:
    """Return at most f points without which no two are far, or None.

    Args:
        far: from whom each is.
        kept: points that stay, even if they are far from each other.
        f: how many points may be left out.
        branches: counts the branches of the search.
    """
    left_out = _surely_out(far, kept, f)
    if left_out.bit_count() > f:
        return None
    free = (1 << len(far)) - 1 & ~(kept | left_out)
    cover = vertex_cover(far, free, f - left_out.bit_count(), branches)
    return None if cover is None else left_out | cover


def _surely_out(far: Sequence[Vertices], kept: Vertices, f: int) -> Vertices:
    """Return who is far from one that is kept, or from more than may still be left out."""
    out = 0
    for vertex in members(kept):
        out |= far[vertex]
    out &= ~kept
    free = (1 << len(far)) - 1 & ~(kept | out)
    while True:
        most = f - out.bit_count()
        more = 0
        for vertex, others in enumerate(far):
            if (others & free).bit_count() > most and free >> vertex & 1:
                more |= 1 << vertex
        if not more:
            return out
        out |= more
        free &= ~more
