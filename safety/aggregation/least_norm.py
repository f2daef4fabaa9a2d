"""The shortest combination of points in which no point counts for more than a share."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rallypoint.errors import SearchTooLong
from rallypoint.safety.aggregation.compiling import SOLVERS
from rallypoint.safety.aggregation.span import Matrix, Weights, in_units

# Of the mean diagonal, added to all of it: equal points then share alike, and a Gram matrix whose
# products were float32 is still positive definite.
_RIDGE = 1e-6
_EXACT = 1e-10  # of the mean diagonal: by how much the answer may miss being the shortest
_GUESSES = 12  # at all bounds at once
_STEPS = 50  # for each point; a few are usual


def capped_least_norm(gram: Matrix, least: int) -> Weights:
    """Return the weights w (n,) of least wᵀ G w, with 0 <= w <= 1 / least and sum 1.

    These are the combinations of means of ``least`` points, and the answer F is the shortest of
    all: so <F, mean of S> >= |F|² for every S of so many points, with equality for what F is made
    of. That is also how it is known to be the answer, and tested before it is given: no S has a
    mean less along F than F itself, up to rounding and a ridge of 1e-6 of the squared norms.

    Which weights are at 0 or at the cap is guessed first: all that the exact solution of the others
    takes beyond a bound are fixed there next, and all whose slopes show that they should not be
    are free again. A few guesses are usual, but they may go in circles. An active set is sure to
    end: all weights are free at first, and one at a time runs into a bound, or leaves it.

    Args:
        gram: (n, n) of the points.
        least: how many points share the weight at least, from 1 to n.

    Raises:
        SearchTooLong: it does not come to an end, which rounding alone could bring about.

    Sources: guesses, Hintermüller, Ito & Kunisch (2002), "The primal-dual active set strategy as a
    semismooth Newton method", SIAM J. Optim. 13(3); the rest, Nocedal & Wright (2006), "Numerical
    Optimization", algorithm 16.3.
    """
    n = len(gram)
    cap = 1 / least
    ridged = in_units(gram)
    scale = float(ridged.trace()) / n
    if least == n or not scale:
        return np.full(n, 1 / n)
    ridged.flat[:: n + 1] += _RIDGE * scale
    slack = _EXACT * scale
    found = _searched(ridged, cap, slack)
    if found is None and np.isfinite(ridged).all():
        # No Gram matrix, but for rounding: as where a very short point was scaled to the length of
        # the others, which a liar may bring about. The nearest that is one has an answer.
        values, vectors = np.linalg.eigh(ridged)
        found = _searched((vectors * np.maximum(values, _RIDGE * scale)) @ vectors.T, cap, slack)
    if found is None:
        raise SearchTooLong(
            f"the shortest combination of {n} points was not found in {_STEPS * n} steps; this is "
            "a matter of rounding: bring the updates to another scale, or take another rule"
        )
    return found


def _searched(gram: Matrix, cap: float, slack: float) -> Weights | None:
    """Return the weights that all slopes show to be the answer; None if they are not found."""
    guessed = _guessed(gram, cap, slack)
    if guessed is not None:
        return guessed
    n = len(gram)
    weights, free = np.full(n, 1 / n), np.ones(n, dtype=bool)
    for _ in range(_STEPS * n):
        if free.any():
            target = _solved(gram, weights, free)
            blocked = _move(weights, target, free, cap)
            if blocked is not None:
                free[blocked] = False
                continue
        wrong = _wrongly_fixed(gram @ weights, weights, free, slack)
        if not wrong:
            return weights
        free[wrong] = True
    return None


def _guessed(gram: Matrix, cap: float, slack: float) -> Weights | None:
    """Return the weights of which every slope shows that they are the answer, if soon found."""
    from scipy.linalg import blas, lapack  # slow to load, and few rules need it

    if (loops := SOLVERS.loops(len(gram))) is not None:
        found: Weights | None = loops.least_norm(gram, (cap, slack), _GUESSES)
        return found
    n, turned, all_ones = len(gram), gram.T, np.ones(len(gram))
    low = high = np.zeros(n, dtype=bool)
    for _ in range(_GUESSES):
        fixed = cap * high
        free = ~(low | high)
        inner = gram * free
        inner *= free[:, None]
        inner.flat[:: n + 1] += ~free
        sides = np.array([free, free * blas.dgemv(1.0, turned, fixed, trans=1)])
        _, solved, failed = lapack.dposv(inner, sides.T, lower=1)
        ones, pulls = solved.T
        total = blas.ddot(ones, all_ones)
        if failed or not free.any() or not 0 < total < np.inf:
            return None
        level = (1 - cap * np.count_nonzero(high) + blas.ddot(pulls, all_ones)) / total
        weights: Weights = level * ones - pulls + fixed
        # A bound is right where more weight, or less, would go against the slope.
        excess = blas.dgemv(1.0, turned, weights, trans=1) - level
        still_low = np.where(free, weights < 0, low & (excess >= -slack))
        still_high = np.where(free, weights > cap, high & (excess <= slack))
        if (still_low == low).all() and (still_high == high).all():
            return weights
        low, high = still_low, still_high
    return None


def _solved(gram: Matrix, weights: Weights, free: NDArray[np.bool_]) -> Weights:
    """Return the free weights of least norm, the others as they are: (number of free,)."""
    inner = gram[np.ix_(free, free)]
    pulls = gram[np.ix_(free, ~free)] @ weights[~free]
    both = np.linalg.solve(inner, np.stack([pulls, np.ones(len(inner))], axis=1))
    level = (1 - weights[~free].sum() + both[:, 0].sum()) / both[:, 1].sum()
    solved: Weights = level * both[:, 1] - both[:, 0]
    return solved


def _move(
    weights: Weights, target: Weights, free: NDArray[np.bool_], cap: float
) -> np.integer | None:
    """Move the free weights, in place, up to the first bound; return who met it, if anybody."""
    places = np.flatnonzero(free)
    start = weights[places]
    bound = np.where(target < start, 0.0, cap)
    beyond = np.where(target < start, target < 0, target > cap)
    room = np.divide(bound - start, target - start, out=np.ones_like(start), where=beyond)
    first = int(room.argmin())
    weights[places] = np.clip(start + min(room[first], 1.0) * (target - start), 0, cap)
    if not beyond.any():
        return None
    weights[places[first]] = bound[first]
    met: np.integer = places[first]
    return met


def _wrongly_fixed(
    slopes: NDArray[np.float64], weights: Weights, free: NDArray[np.bool_], slack: float
) -> Sequence[int]:
    """Return whose weight should leave its bound: at 0 a slope below, at the cap one above."""
    at_zero = ~free & (weights == 0)
    at_cap = ~free & ~at_zero
    lowest = np.where(at_zero, slopes, np.inf)
    highest = np.where(at_cap, slopes, -np.inf)
    rising, falling = int(lowest.argmin()), int(highest.argmax())
    if not free.any():  # one can only give what another takes
        return [rising, falling] if highest[falling] - lowest[rising] > slack else []
    level = float(slopes[free].mean())
    short, over = level - lowest[rising], highest[falling] - level
    if max(short, over) <= slack:
        return []
    return [rising] if short >= over else [falling]
