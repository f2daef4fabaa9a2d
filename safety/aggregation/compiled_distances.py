"""Distances from inner products, and whose are the nearest, as loops that numba compiles."""

import numpy as np
from numpy.typing import NDArray

from rallypoint.acceleration import compiled

_Floats = NDArray[np.float64]


@compiled("boolean(float64[:, ::1], float64, float64[:, ::1], float64[:, ::1])")
def surveyed(
    gram: _Floats,  # (k, k)
    tight: float,
    squared: _Floats,  # (k, k) distances, written
    ordered: _Floats,  # (k, k) of each the nearest first, written
) -> bool:
    """Say whether no two points are close to each other for their distance from the centre.

    If not, or where a number is NaN, what is written means nothing. See ``grams``.
    """
    k = len(gram)
    for i in range(k):
        row = ordered[i]
        for j in range(k):
            distance = gram[i, i] + gram[j, j] - 2 * gram[i, j]
            if np.isnan(distance):
                return False
            distance = 0.0 if i == j or distance < 0 else distance
            squared[i, j] = distance
            at = j
            while at > 0 and row[at - 1] > distance:
                row[at] = row[at - 1]
                at -= 1
            row[at] = distance
        if not row[1] >= tight * gram[i, i]:
            return False
    return True


@compiled("void(Array(float64, 2, 'A', readonly=True), int64, float64[:, ::1])")
def share_out(
    distances: _Floats,  # (n, n)
    kept: int,
    mixing: _Floats,  # (n, k) zeros, written
) -> None:
    """Share each row's weight between those nearest to it, itself first; of equals, the first."""
    n = len(distances)
    nearest = np.empty(n, np.int64)
    share = 1 / kept
    for i in range(n):
        nearest[0] = i
        held = 1
        for j in range(n):
            if j == i:
                continue
            at = held
            while at > 1 and distances[i, nearest[at - 1]] > distances[i, j]:
                nearest[at] = nearest[at - 1]
                at -= 1
            nearest[at] = j
            held += 1
        for place in range(kept):
            mixing[i, nearest[place]] = share
