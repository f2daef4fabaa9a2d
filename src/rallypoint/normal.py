"""Numbers of N(0, 1) out of uniform ones: by SciPy, or compiled where numba is loaded."""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rallypoint.acceleration import compiled_beside

Floats = NDArray[np.float64]

# The quantile of 0 is -inf, and below this there is no other number that is drawn.
_LEAST = 2.0**-54
_HELD_AGAINST = 1 << 14  # numbers, in the middle and in each tail


def normal_of(uniform: Floats) -> Floats:
    """Return the numbers of N(0, 1) that those in [0, 1) stand for, at most 8.3 away from 0.

    What is given may be written over.
    """
    fast = compiled_beside("rallypoint.compiled_normal")
    if fast is None or not _is_scipys(fast):
        return _by_scipy(uniform)
    normal = np.ascontiguousarray(uniform)
    fast.quantiles(normal.reshape(-1))
    return normal


def _by_scipy(uniform: Floats) -> Floats:
    from scipy.special import ndtri  # slow to import, and most runs draw none

    normal: Floats = ndtri(np.maximum(uniform, _LEAST, out=uniform), out=uniform)
    return normal


@cache
def _is_scipys(compiled: Any) -> bool:
    """Say whether a compiled quantile has SciPy's bits here.

    SciPy may have been built to round products and sums at once, or with another logarithm.
    """
    steps = np.arange(_HELD_AGAINST) * ((5**0.5 - 1) / 2) % 1  # (Weyl, 1916: evenly, in any order)
    tail = 2.0 ** (-1 - 52 * steps)
    edges = np.array([0, _LEAST, np.exp(-2), 0.5, 1 - np.exp(-2), 1 - 2.0**-53])
    numbers = np.concatenate([steps, tail, 1 - tail, edges])
    fast = numbers.copy()
    compiled.quantiles(fast)
    return fast.tobytes() == _by_scipy(numbers).tobytes()
