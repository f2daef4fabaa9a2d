"""Iterations in n coefficients, as loops that numba compiles: the geometric median, CAF, max-min.

They come to the bits that NumPy comes to: what goes entry by entry is done in the same order, and
products and systems are left to the very routines that SciPy calls there. Where anything is odd
they return that they have no answer.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rallypoint.acceleration import compiled, inlined
from rallypoint.safety.aggregation.compiled_routines import (
    NUMBER,
    ONE,
    TOOLS,
    TWO,
    WORK,
    apply,
    dot,
    largest,
    solve,
    tools,
    total_of,
)

_Floats = NDArray[np.float64]


def fermat(
    gram: _Floats, masses: _Floats, limits: tuple[float, float], rounds: int
) -> _Floats | None:
    """Return the point with the least sum of distances, if Newton's full steps end there."""
    n = len(gram)
    point = np.empty(n)
    scratch = np.empty((n, n)), np.empty((6, n)), tools(n)
    return point if _full_steps(gram, masses, point, limits, rounds, *scratch) else None


def narrowed(gram: _Floats, limits: tuple[float, float, float], *, to_last: bool) -> _Floats | None:
    """Return the shares that are left by lowering credit along the widest directions, if found."""
    n = len(gram)
    shares = np.empty(n)
    scratch = np.empty((n, n)), np.empty((6 + WORK, n)), tools(n)
    return shares if _narrowed(gram, shares, limits, to_last, *scratch) else None


def least_norm(gram: _Floats, limits: tuple[float, float], guesses: int) -> _Floats | None:
    """Return the capped weights of the shortest combination, if soon guessed."""
    n = len(gram)
    weights = np.empty(n)
    scratch = np.empty((n, n)), np.empty((6, n)), tools(n)
    return weights if _guessed(gram, weights, limits, guesses, *scratch) else None


@compiled(
    "boolean(float64[:, ::1], float64[::1], float64[::1], UniTuple(float64, 2), int64, "
    f"float64[:, ::1], float64[:, ::1], {TOOLS})"
)
def _full_steps(  # noqa: C901, PLR0911, PLR0912, PLR0917 - one loop, no keywords
    gram: _Floats,  # (n, n)
    masses: _Floats,  # (n,)
    point: _Floats,  # (n,) the answer, if there is one
    limits: tuple[float, float],  # tolerance, least root of a share of the curvature
    rounds: int,
    bent: _Floats,  # (n, n) scratch
    rows: _Floats,  # (6, n) scratch
    given: Any,
) -> bool:
    """Take Newton's steps; see ``fermat``."""
    n = len(gram)
    tolerance, flat = limits
    inner, distances, towards, weiszfeld, along, step = (
        rows[0],
        rows[1],
        rows[2],
        rows[3],
        rows[4],
        rows[5],
    )
    to_gram, to_point = gram.ctypes.data, point.ctypes.data
    to_inner = rows.ctypes.data
    to_weiszfeld = to_inner + NUMBER * 3 * n
    to_along, to_step = to_inner + NUMBER * 4 * n, to_inner + NUMBER * 5 * n
    mass = total_of(given, masses.ctypes.data)
    for i in range(n):
        for j in range(n):
            squared = max(gram[i, i] + gram[j, j] - 2 * gram[i, j], 0.0) if i != j else 0.0
            at = j  # sorted in
            while at > 0 and step[at - 1] > squared:
                step[at] = step[at - 1]
                at -= 1
            step[at] = squared
        median = (step[(n - 1) // 2] + step[n // 2]) / 2
        if not 0 < median < np.inf:
            return False
        point[i] = masses[i] / np.sqrt(median)
    total = total_of(given, to_point)
    for i in range(n):
        point[i] /= total
    before = 0.0
    for _ in range(rounds):
        apply(given, to_gram, to_point, to_inner)
        own = dot(given, to_point, to_inner)
        for i in range(n):
            squared = gram[i, i] - 2 * inner[i] + own
            if not 0 < squared < np.inf:
                return False
            distances[i] = np.sqrt(squared)
            along[i] = masses[i] / distances[i]
        total = total_of(given, to_along)
        for i in range(n):
            share = along[i] / total
            weiszfeld[i] = share - point[i]
            towards[i] = np.sqrt(share) / distances[i]
        for i in range(n):
            for j in range(i + 1):
                bent[j, i] = (gram[i, j] - inner[j] - (inner[i] - own)) * towards[j] * -towards[i]
            bent[i, i] += 1
        apply(given, to_gram, to_weiszfeld, to_along)
        pulled = dot(given, to_inner, to_weiszfeld)
        for i in range(n):
            along[i] = towards[i] * (along[i] - pulled)
        if not solve(given, bent.ctypes.data, to_along, ONE):
            return False
        for i in range(n):
            if not bent[i, i] > flat:
                return False
            along[i] = towards[i] * along[i]
        beyond = total_of(given, to_along)
        for i in range(n):
            step[i] = weiszfeld[i] + along[i] - beyond * point[i]
        apply(given, to_gram, to_step, to_inner)
        squared = dot(given, to_inner, to_step)
        length = np.sqrt(max(squared, 0.0)) * total / mass
        for i in range(n):
            point[i] += step[i]
        if length <= tolerance:
            return True
        if before > 0:
            if 10 * (length * length * length) <= tolerance * (before * before):
                return True
            if not length <= before / 2:
                return False
        before = length
    return False


@inlined
def _widest(shares: _Floats, gram: _Floats, matrix: _Floats, rows: _Floats, given: Any) -> float:
    """Write squared offsets along the widest direction to the first row; return its variance.

    It is NaN where LAPACK has none. See ``covariance``.
    """
    n = len(gram)
    offsets, inner, roots = rows[0], rows[1], rows[2]
    to_offsets = rows.ctypes.data
    to_inner, to_value = to_offsets + NUMBER * n, to_offsets + NUMBER * 3 * n
    apply(given, gram.ctypes.data, shares.ctypes.data, to_inner)
    own = dot(given, shares.ctypes.data, to_inner)
    for i in range(n):
        roots[i] = np.sqrt(shares[i])
        for j in range(i + 1):
            matrix[j, i] = (gram[i, j] - inner[j] - (inner[i] - own)) * roots[j] * roots[i]
    if not largest(given, matrix.ctypes.data, to_value, to_offsets, to_offsets + NUMBER * 6 * n):
        return float(np.nan)
    value: float = max(rows[3, 0], 0.0)
    for i in range(n):
        offsets[i] = value * (offsets[i] * offsets[i]) / shares[i] if shares[i] > 0 else 0.0
    return value


@compiled(
    "boolean(float64[:, ::1], float64[::1], UniTuple(float64, 3), boolean, float64[:, ::1], "
    f"float64[:, ::1], {TOOLS})"
)
def _narrowed(  # noqa: PLR0917 - no keywords
    gram: _Floats,  # (n, n)
    answer: _Floats,  # (n,) the shares, if there are any
    limits: tuple[float, float, float],  # variance, credit that is left, what counts as equal
    to_last: bool,  # noqa: FBT001 - whether the last are the answer, or those of least variance
    matrix: _Floats,  # (n, n) scratch
    rows: _Floats,  # (6 + WORK, n) scratch
    given: Any,
) -> bool:
    """Take credit away along the widest directions; see ``covariance`` and ``rules.filter``."""
    n = len(gram)
    limit, left, equal = limits
    credit, shares = rows[4], rows[5]
    credit[:] = 1
    total, least = float(n), np.inf
    while True:
        for i in range(n):
            shares[i] = credit[i] / total
        value = _widest(shares, gram, matrix, rows, given)
        if not value < np.inf:
            return False
        if to_last or value < least:
            answer[:] = shares
            least = value
        if value <= limit:
            return True
        most = rows[0].max()
        if not 0 < most < np.inf:
            return False
        for i in range(n):
            share = rows[0, i] / most
            credit[i] = 0.0 if share > 1 - equal else credit[i] * (1 - share)
        total = total_of(given, rows.ctypes.data + NUMBER * 4 * n)
        if total < left or (total == left and not to_last):
            return True


@compiled(
    "boolean(float64[:, ::1], float64[::1], UniTuple(float64, 2), int64, float64[:, ::1], "
    f"float64[:, ::1], {TOOLS})"
)
def _guessed(  # noqa: C901, PLR0917 - one loop, no keywords
    gram: _Floats,  # (n, n)
    weights: _Floats,  # (n,) the answer, if there is one
    limits: tuple[float, float],  # the cap, how much a slope may be off
    guesses: int,
    inner: _Floats,  # (n, n) scratch
    rows: _Floats,  # (6, n) scratch
    given: Any,
) -> bool:
    """Guess who is at a bound until the guess is right; see ``least_norm``."""
    n = len(gram)
    cap, slack = limits
    ones, pulls, fixed, free, low, high = rows[0], rows[1], rows[2], rows[3], rows[4], rows[5]
    to_gram, to_ones = gram.ctypes.data, rows.ctypes.data
    to_pulls, to_fixed = to_ones + NUMBER * n, to_ones + NUMBER * 2 * n
    low[:] = 0
    high[:] = 0
    for _ in range(guesses):
        some, num_high = False, 0
        for i in range(n):
            free[i] = 0.0 if low[i] or high[i] else 1.0
            some |= free[i] > 0
            num_high += high[i] > 0
            fixed[i] = cap * high[i]
        for i in range(n):
            for j in range(i + 1):
                inner[j, i] = gram[i, j] * free[j] * free[i]
            inner[i, i] += 1 - free[i]
        apply(given, to_gram, to_fixed, to_pulls)
        for i in range(n):
            ones[i] = free[i]
            pulls[i] = free[i] * pulls[i]
        if not solve(given, inner.ctypes.data, to_ones, TWO) or not some:
            return False
        total = total_of(given, to_ones)
        if not 0 < total < np.inf:
            return False
        level = (1 - cap * num_high + total_of(given, to_pulls)) / total
        for i in range(n):
            weights[i] = level * ones[i] - pulls[i] + fixed[i]
        apply(given, to_gram, weights.ctypes.data, to_pulls)
        is_right = True
        for i in range(n):
            excess = pulls[i] - level
            still_low = weights[i] < 0 if free[i] else low[i] > 0 and excess >= -slack
            still_high = weights[i] > cap if free[i] else high[i] > 0 and excess <= slack
            is_right &= still_low == (low[i] > 0) and still_high == (high[i] > 0)
            low[i], high[i] = still_low, still_high
        if is_right:
            return True
    return False
