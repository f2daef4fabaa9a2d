"""How well a population is gathered, from where it stands."""

import numpy as np
from numpy.typing import NDArray

from rallypoint.envs.gathering.dynamics import Positions

WINDOW = 3  # cells that count as one place
GROUP_SHARE = 0.8  # of those who count, standing in one window


def counts(positions: Positions, cells: int, mask: NDArray[np.bool_] | None = None) -> Positions:
    """Count agents by cell: (E, N) positions, -1 for not in the world -> (E, L).

    With a mask (E, N) only its agents count, such as the honest ones.
    """
    present = positions >= 0 if mask is None else (positions >= 0) & mask
    num_copies = len(positions)
    bins = np.where(present, positions, cells) + (np.arange(num_copies) * (cells + 1))[:, None]
    by_bin = np.bincount(bins.ravel(), minlength=num_copies * (cells + 1))
    return by_bin.reshape(num_copies, cells + 1)[:, :cells]


def largest_group(counts: Positions) -> NDArray[np.float64]:
    """Share of the agents in the fullest window of three cells: (E, L) -> (E,); 0 for nobody.

    >>> largest_group(np.array([[2, 0, 0, 0, 0, 0, 1, 1]])).tolist()
    [1.0]
    """
    windows = counts + np.roll(counts, 1, axis=-1) + np.roll(counts, -1, axis=-1)
    windows = np.minimum(windows, counts.sum(axis=-1, keepdims=True))  # L < 3 would count twice
    share: NDArray[np.float64] = windows.max(axis=-1) / np.maximum(counts.sum(axis=-1), 1)
    return share


def is_gathered(counts: Positions) -> NDArray[np.bool_]:
    """Whether at least 80 % of the agents stand in one window: (E, L) -> (E,)."""
    gathered: NDArray[np.bool_] = largest_group(counts) >= GROUP_SHARE - 1e-9
    return gathered


def mean_pair_distance(counts: Positions) -> NDArray[np.float64]:
    """Mean ring distance over pairs of agents: (E, L) -> (E,); 0 for fewer than two.

    >>> mean_pair_distance(np.array([[1, 0, 0, 1, 0, 0]])).tolist()
    [3.0]
    """
    cells = counts.shape[-1]
    ahead = np.arange(cells)
    distance = np.minimum(ahead, cells - ahead)
    table = distance[(ahead[:, None] - ahead[None, :]) % cells]  # (L, L)
    total = counts.sum(axis=-1)
    pairs = np.maximum(total * (total - 1), 1)
    summed: NDArray[np.float64] = ((counts @ table) * counts).sum(axis=-1) / pairs
    return summed
