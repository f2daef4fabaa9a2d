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


def views(positions: Positions, cells: int, out: Counts | None = None) -> Counts:
    """Count the agents at each offset from each cell: (E, L + 1, L), entry d is d cells ahead.

    Row L is what nowhere sees: nothing. ``out`` is room to write to, of at least so many copies.

    >>> views(np.array([[0, 0, 2]]), cells=3)[0].astype(int).tolist()
    [[2, 0, 1], [0, 1, 2], [1, 2, 0], [0, 0, 0]]
    """
    num_copies = len(positions)
    bins = positions + (np.arange(num_copies) * (cells + 1))[:, None]
    counts = np.bincount(bins.ravel(), minlength=num_copies * (cells + 1))
    twice = np.empty((num_copies, 2, cells), dtype=np.float32)
    twice[:] = counts.reshape(num_copies, 1, cells + 1)[..., :cells]  # round the ring two times
    # What cell c sees is then the stretch of L counts from c on. Taken as one opaque item each, the
    # stretches are copied whole: a third faster than count by count.
    shape, item = (num_copies, cells + 1), f"V{4 * cells}"
    stretches: NDArray[np.void] = np.ndarray(shape, item, twice.data, strides=(8 * cells, 4))
    seen = np.empty((*shape, cells), np.float32) if out is None else out[:num_copies]
    seen.view(item)[..., 0] = stretches
    seen[:, cells] = 0
    return seen
