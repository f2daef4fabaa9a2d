"""Numbers of N(0, 1) out of uniform ones."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def normal_of(uniform: Floats) -> Floats:
    """Return the numbers of N(0, 1) that uniform ones stand for, at most 8.3 away from 0."""
    from scipy.special import ndtri  # slow to import, and most runs draw none

    # The quantile of 0 is -inf, and below this there is no other number that is drawn.
    normal: Floats = ndtri(np.maximum(uniform, 2.0**-54))
    return normal
