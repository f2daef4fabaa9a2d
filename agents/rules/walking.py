"""One step of the torus towards a place: five moves, one axis at a time."""

import numpy as np
from numpy.typing import NDArray

from rallypoint.envs.torus.dynamics import STAY

_THERE = 0.5  # cells: a step would lead no nearer
_DECIMALS = 6  # beyond them is rounding, which must not decide between axes


def step_towards(offsets: NDArray[np.floating]) -> NDArray[np.int64]:
    """Return the move along the longer axis, along x if both are equal: (…, 2) -> (…).

    >>> step_towards(np.array([[-2.0, 1.0], [0.0, 3.0], [0.4, -0.4]])).tolist()
    [2, 3, 0]
    """
    offsets = offsets.round(_DECIMALS)
    x, y = offsets[..., 0], offsets[..., 1]
    along_x, along_y = np.where(x > 0, 1, 2), np.where(y > 0, 3, 4)
    moves = np.where(np.abs(x) >= np.abs(y), along_x, along_y)
    return np.where(np.abs(offsets).max(axis=-1) < _THERE, STAY, moves)
