"""Moving on a torus of W x W cells: pure functions on cell numbers.

Cell x W + y lies in column x and row y. An agent that is not in the world stands on cell W²,
``nowhere``, and never moves.
"""

import numpy as np
from numpy.typing import NDArray

Positions = NDArray[np.int64]  # (E, N), cells 0 … W² - 1, or W² for nowhere

STAY = 0
MOVES = ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1))  # columns and rows, by action


def move_table(width: int) -> NDArray[np.int64]:
    """Return the cell that each action leads to: (5, W² + 1).

    >>> move_table(3)[:, 0].tolist()
    [0, 3, 6, 1, 2]
    """
    column, row = np.divmod(np.arange(width**2), width)
    leads_to = [(column + dx) % width * width + (row + dy) % width for dx, dy in MOVES]
    return np.stack([np.append(cells, width**2) for cells in leads_to])


def coordinates(width: int) -> NDArray[np.int64]:
    """Return column and row of each cell, -1 for nowhere: (W² + 1, 2)."""
    columns_and_rows = np.stack(np.divmod(np.arange(width**2), width), axis=1)
    return np.append(columns_and_rows, [[-1, -1]], axis=0)


def walking_distances(width: int) -> NDArray[np.int64]:
    """Return how many steps lead from cell to cell: (W², W²)."""
    ahead = np.arange(width)
    along = np.minimum(ahead, width - ahead)[(ahead[:, None] - ahead) % width]  # (W, W)
    distances: NDArray[np.int64] = along[:, None, :, None] + along[None, :, None, :]
    return distances.reshape(width**2, width**2)
