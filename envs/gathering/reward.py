"""The reward of the ring: for being with the others, against being alone."""

import numpy as np
from numpy.typing import NDArray

from rallypoint.envs.gathering.dynamics import Counts
from rallypoint.envs.gathering.sectors import REPRESENTATIVES, representatives, sector_of_offset

GATHERED = 100.0  # at least 8 of 10 representatives in the central sector
ALONE = -5.0  # fewer than 2
_MANY, _FEW = 8, 2


def reward_of_central(central: NDArray[np.integer]) -> NDArray[np.float64]:
    """Reward so many of ten representatives in the central sector."""
    return np.where(central >= _MANY, GATHERED, np.where(central < _FEW, ALONE, 0.0))


def exact_reward_table(num_agents: int) -> NDArray[np.float64] | None:
    """Return the reward of each true central count 0 … N, where nothing needs rounding."""
    if REPRESENTATIVES % num_agents:
        return None
    return reward_of_central(np.arange(num_agents + 1) * (REPRESENTATIVES // num_agents))


def rewards_by_cell(views: Counts) -> NDArray[np.float64]:
    """Reward of standing on each cell, from the true counts: (E, L + 1, L) -> (E, L + 1).

    The paper rewards an agent's own rounded percept; here the same rounding is applied to the true
    counts, so that lying to an agent changes what it does and never what it earns. Nowhere earns
    nothing.
    """
    cells = views.shape[-1]
    population = views[:, :1].sum(axis=-1)  # (E, 1)
    tens = REPRESENTATIVES * central(views)  # (E, L + 1)
    earned = np.where(tens >= _MANY * population, GATHERED, 0.0)
    earned[tens <= (_FEW - 1) * population] = ALONE
    # Between two whole representatives the other sectors' remainders decide.
    between = ((tens > (_MANY - 1) * population) & (tens < _MANY * population)) | (
        (tens > (_FEW - 1) * population) & (tens < _FEW * population)
    )
    if between.any():
        to_sectors = np.eye(6, dtype=np.float32)[sector_of_offset(cells)]
        shares = representatives((views[between] @ to_sectors).astype(np.int64))
        earned[between] = reward_of_central(shares[:, 0])
    earned[:, cells] = 0.0
    return earned


def central(views: Counts) -> Counts:
    """Count those within one cell: (…, L) -> (…)."""
    if views.shape[-1] == 3:  # both neighbours are distinct only from three cells up
        return views.sum(axis=-1)
    counts: Counts = views[..., 0] + views[..., 1] + views[..., -1]
    return counts
