"""The search behind minimum-diameter averaging, as a loop that numba compiles.

It is the search of ``rules.mda`` and ``vertex_cover``, branch by branch. A set of up to 64 points
is one number: bit v is point v.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rallypoint.acceleration import compiled, inlined

_Integers = NDArray[np.int64]
_Sets = NDArray[np.uint64]
_NONE, _ONE = np.uint64(0), np.uint64(1)
_PAIRS, _QUADS, _BYTES = (
    np.uint64(number) for number in (0x5555555555555555, 0x3333333333333333, 0x0F0F0F0F0F0F0F0F)
)
_EACH = np.uint64(0x0101010101010101)
_TWO, _FOUR, _TOP = np.uint64(2), np.uint64(4), np.uint64(56)


@inlined
def _count(points: Any) -> int:
    """Return how many points a set has."""
    pairs = points - ((points >> _ONE) & _PAIRS)
    quads = (pairs & _QUADS) + ((pairs >> _TWO) & _QUADS)
    return int((((quads + (quads >> _FOUR)) & _BYTES) * _EACH) >> _TOP)


@inlined
def _only(point: int) -> Any:
    """Return the set of one point."""
    return _ONE << np.uint64(point)


@inlined
def _all(n: int) -> Any:
    """Return the set of all points."""
    return ~_NONE >> np.uint64(64 - n)


@inlined
def _neighbours(pairs: _Integers, upto: int, far: _Sets) -> None:
    """Write from whom each is far: the two of each of the first pairs."""
    far[:] = _NONE
    for rank in range(upto):
        one, other = pairs[rank, 0], pairs[rank, 1]
        far[one] |= _only(other)
        far[other] |= _only(one)


@inlined
def _surely_out(far: _Sets, kept: Any, f: int) -> Any:
    """Return who is far from one that is kept, or from more than may still be left out."""
    n = len(far)
    out = _NONE
    for point in range(n):
        if kept & _only(point):
            out |= far[point]
    out &= ~kept
    while True:
        free = _all(n) & ~(kept | out)
        most = f - _count(out)
        more = _NONE
        for point in range(n):
            if free & _only(point) and _count(far[point] & free) > most:
                more |= _only(point)
        if not more:
            return out
        out |= more


@inlined
def _obvious(far: _Sets, among: Any, size: int, degrees: _Integers, tally: _Integers) -> Any:
    """Return what a smallest cover surely has; whether it is hopeless; and where to branch.

    That is at no point, -1, where no edge is left. Degrees are written on the way, and to a tally
    how many points have each.
    """
    n = len(far)
    tally[:] = 0
    ends, best, first, last = 0, 0, -1, -1
    many = _NONE
    for point in range(n):
        degrees[point] = _count(far[point] & among) if among & _only(point) else 0
        degree = degrees[point]
        if degree:
            tally[degree] += 1
            ends += degree
            first = point if first < 0 else first
            last = point if degree == 1 and last < 0 else last
            best = point if degree > degrees[best] or not degrees[best] else best
            if degree > size:
                many |= _only(point)
    if not ends:
        return _NONE, False, -1
    left, edges = size, 0  # that the largest degrees make
    over = 0
    for degree in range(n - 1, 0, -1):
        taken = min(left, tally[degree])
        edges += taken * degree
        left -= taken
        over += tally[degree] if degree > size else 0
    if edges < ends // 2 or over > size:
        return _NONE, True, best
    if many:
        return many, False, best
    if last >= 0:
        return far[last] & among, False, best
    return (_only(first) if degrees[best] == 2 else _NONE), False, best


@inlined
def _cover(
    far: _Sets, start: Any, size: int, counter: _Integers, scratch: tuple[Any, ...]
) -> tuple[Any, bool]:
    """Return points that touch every edge and whether there are; see ``vertex_cover``.

    A counter holds how many branches were taken, and how many may be.
    """
    degrees, tally, waiting, sizes = scratch
    waiting[0, 0], waiting[0, 1], sizes[0] = start, _NONE, size
    height = 1
    while height:
        height -= 1
        among, taken, left = waiting[height, 0], waiting[height, 1], sizes[height]
        if counter[0] >= counter[1]:
            counter[0] = counter[1] + 1
            return _NONE, False
        counter[0] += 1
        while True:
            chosen, is_hopeless, best = _obvious(far, among, left, degrees, tally)
            if is_hopeless:
                break
            if best < 0:
                return taken, True
            if not chosen:
                among &= ~_only(best)
                others = far[best] & among
                # The last is asked first: the point itself, then all its neighbours.
                waiting[height, 0], waiting[height, 1] = among & ~others, taken | others
                sizes[height] = left - _count(others)
                waiting[height + 1, 0], waiting[height + 1, 1] = among, taken | _only(best)
                sizes[height + 1] = left - 1
                height += 2
                break
            taken |= chosen
            among &= ~chosen
            left -= _count(chosen)
    return _NONE, False


@compiled("boolean(int64[:, ::1], int64, int64[::1], boolean[::1])")
def tightest(  # noqa: C901 - one loop
    pairs: _Integers,  # (p, 2) of points, the farthest first
    f: int,
    counter: _Integers,  # (2,) branches taken, and the most there may be
    stays: NDArray[np.bool_],  # (n,) written
) -> bool:
    """Find the points whose distances, largest first, are the least, unless it takes too long."""
    n, p = len(stays), len(pairs)
    far = np.zeros(n, np.uint64)
    ranks = np.full((n, n), p)
    for rank in range(p):
        one, other = pairs[rank, 0], pairs[rank, 1]
        ranks[one, other] = ranks[other, one] = rank
    scratch = (
        np.zeros(n, np.int64),
        np.zeros(n, np.int64),
        np.zeros((n + 2, 2), np.uint64),
        np.zeros(n + 2, np.int64),
    )
    kept, out = _NONE, _NONE
    low = 0  # pairs of a lower rank are kept apart, unless both are kept for sure
    while _count(kept) < n - f:
        high, stride = p, 1
        while high - low > 1:
            middle = min(low + stride, (low + high) // 2)
            _neighbours(pairs, middle, far)
            out = _surely_out(far, kept, f)
            left = f - _count(out)
            cover, is_found = _NONE, False
            if left >= 0:
                cover, is_found = _cover(far, _all(n) & ~(kept | out), left, counter, scratch)
                if counter[0] > counter[1]:
                    return False
            if not is_found:
                high = middle
                continue
            free = _all(n) & ~(kept | out | cover)
            low = p
            for one in range(n):
                for other in range(n):
                    if free & _only(one) and (free | kept) & _only(other):
                        low = min(low, ranks[one, other])
            stride *= 2
        kept |= _only(pairs[low, 0]) | _only(pairs[low, 1])
        low += 1
        _neighbours(pairs, low, far)
        out = _surely_out(far, kept, f)
        if _count(out) == f:
            kept = _all(n) & ~out
    for point in range(n):
        stays[point] = (kept & _only(point)) != _NONE
    return True
