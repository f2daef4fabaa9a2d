"""The lowest so many numbers of each row, with one sort."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Mask = NDArray[np.bool_]


def lowest(keys: Floats, counts: int | Integers, candidates: Mask) -> Mask:
    """Mark the candidates with so many lowest keys, the first of equal ones: (E, N) bool.

    Args:
        keys: (E, N) finite.
        counts: of each row (E,), or one for all; where there are fewer candidates, it is those.
        candidates: (E, N).

    >>> keys = np.array([[0.5, 0.2, 0.5], [0.9, 0.1, 0.3]])
    >>> lowest(keys, 2, np.full((2, 3), True)).tolist()
    [[True, True, False], [False, True, True]]
    """
    num_rows, length = keys.shape
    ordered = np.empty((num_rows, length + 1))
    ordered[:, 0] = -np.inf  # which none is below
    ordered[:, 1:] = np.where(candidates, keys, np.inf)
    ordered.sort(axis=1)
    wanted: Any  # (E,) or one
    if isinstance(counts, int):  # which takes half as long of a few
        wanted = min(max(counts, 0), length)
        last = ordered[:, wanted, None]
    else:
        wanted = np.ceil(np.clip(np.ravel(counts), 0, length)).astype(np.int64)
        last = ordered[np.arange(num_rows), wanted][:, None]
    marked: Mask = (keys <= last) & candidates
    several = np.add.reduce(marked, axis=1) > wanted
    if several.any():  # keys that equal the last one
        below = marked & (keys < last)
        equal = marked & (keys == last)
        missing = np.reshape(wanted, (-1, 1)) - below.sum(axis=1, keepdims=True)
        marked = below | (equal & (equal.cumsum(axis=1) <= missing))
    return marked
