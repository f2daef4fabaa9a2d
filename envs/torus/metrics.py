"""How well a population is gathered on the torus, from where it stands."""

import numpy as np
from numpy.typing import NDArray

from rallypoint.envs.gathering.metrics import GROUP_SHARE

Coordinates = NDArray[np.int64]  # (E, N, 2), columns and rows; -1 for an agent not in the world
Counts = NDArray[np.int64]  # (E, W, W)


def counts(positions: Coordinates, width: int, mask: NDArray[np.bool_] | None = None) -> Counts:
    """Count agents by cell: (E, N, 2) -> (E, W, W).

    With a mask (E, N) only its agents count, such as the honest ones.
    """
    x, y = positions[..., 0], positions[..., 1]
    present = x >= 0 if mask is None else (x >= 0) & mask
    num_copies = len(positions)
    slots = width**2 + 1  # the last for those who do not count
    cells = np.where(present, x * width + y, width**2) + (np.arange(num_copies) * slots)[:, None]
    by_cell = np.bincount(cells.ravel(), minlength=num_copies * slots).reshape(num_copies, slots)
    return by_cell[:, :-1].reshape(num_copies, width, width)


def windows(counts: Counts) -> Counts:
    """Count the agents in the 3 x 3 cells around each cell: (E, W, W) -> (E, W, W)."""
    for axis in (-2, -1):
        counts = counts + np.roll(counts, 1, axis) + np.roll(counts, -1, axis)
    return counts


def largest_group(counts: Counts) -> NDArray[np.float64]:
    """Share of the agents in the fullest window: (E, W, W) -> (E,); 0 for nobody.

    >>> corners = np.zeros((1, 5, 5), dtype=int)
    >>> corners[0, [0, 0, 4, 4], [0, 4, 0, 4]] = 1
    >>> largest_group(corners).tolist()
    [1.0]
    """
    total = np.maximum(counts.sum(axis=(-2, -1)), 1)
    share: NDArray[np.float64] = windows(counts).max(axis=(-2, -1)) / total
    return share


def is_gathered(counts: Counts) -> NDArray[np.bool_]:
    """Whether at least 80 % of the agents stand in one window: (E, W, W) -> (E,)."""
    gathered: NDArray[np.bool_] = largest_group(counts) >= GROUP_SHARE - 1e-9
    return gathered


def in_group(gathered: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Share of the second half of an episode that was spent gathered: (H, E) -> (E,).

    >>> in_group(np.array([[True], [False], [False], [True]])).tolist()
    [0.5]
    """
    share: NDArray[np.float64] = gathered[len(gathered) // 2 :].mean(axis=0)
    return share


def first_gathered(gathered: NDArray[np.bool_]) -> NDArray[np.int64]:
    """First step, counted from 1, after which a copy was gathered; H if never: (H, E) -> (E,).

    >>> first_gathered(np.array([[False, False], [True, False], [True, False]])).tolist()
    [2, 3]
    """
    return np.where(gathered.any(axis=0), gathered.argmax(axis=0) + 1, len(gathered))


def mean_pair_distance(counts: Counts) -> NDArray[np.float64]:
    """Mean number of steps between two agents, over all pairs: (E, W, W) -> (E,).

    0 for fewer than two agents.

    >>> apart = np.zeros((1, 5, 5), dtype=int)
    >>> apart[0, [0, 4], [0, 2]] = 1
    >>> mean_pair_distance(apart).tolist()
    [3.0]
    """
    width = counts.shape[-1]
    ahead = np.arange(width)
    distance = np.minimum(ahead, width - ahead)[(ahead[:, None] - ahead) % width]
    total = counts.sum(axis=(-2, -1))
    summed: NDArray[np.float64] = np.zeros(len(counts))
    for along in (counts.sum(axis=-1), counts.sum(axis=-2)):  # steps along x and y add up
        summed += ((along @ distance) * along).sum(axis=-1)
    mean: NDArray[np.float64] = summed / np.maximum(total * (total - 1), 1)
    return mean
