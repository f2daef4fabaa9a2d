"""Moving and seeing on a ring of L cells: pure functions on integer positions.

An agent that is not in the world stands on cell L, ``nowhere``: it never moves, nobody counts it,
and it sees nothing. So nothing below needs a mask, and cost per agent does not grow with N.
"""

import numpy as np
from numpy.typing import NDArray

Positions = NDArray[np.int64]  # (E, N), cells 0 … L - 1, or L for nowhere
Counts = NDArray[np.float32]  # whole numbers; float32 so that matrix products take them as is

STAY, CLOCKWISE, COUNTERCLOCKWISE = 0, 1, 2


def move_table(cells: int) -> NDArray[np.int64]:
    """Return the cell that each action leads to: (3, L + 1)."""
    here = np.arange(cells)
    nowhere = [cells]
    return np.stack([np.append((here + shift) % cells, nowhere) for shift in (0, 1, -1)])


def views(positions: Positions, cells: int) -> Counts:
    """Count the agents at each offset from each cell: (E, L + 1, L), entry d is d cells ahead.

    Row L is what nowhere sees: nothing.

    >>> views(np.array([[0, 0, 2]]), cells=3)[0].astype(int).tolist()
    [[2, 0, 1], [0, 1, 2], [1, 2, 0], [0, 0, 0]]
    """
    num_copies = len(positions)
    bins = positions + (np.arange(num_copies) * (cells + 1))[:, None]
    counts = np.bincount(bins.ravel(), minlength=num_copies * (cells + 1))
    ring = counts.reshape(num_copies, cells + 1)[:, :cells]  # (E, L)
    twice = np.concatenate([ring, ring], axis=1, dtype=np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(twice, cells, axis=1)  # (E, L + 1, L)
    seen = windows.copy()
    seen[:, cells] = 0
    return seen
