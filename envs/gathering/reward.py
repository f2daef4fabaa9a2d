"""The reward of the ring: for being with the others, against being alone."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rallypoint.envs.gathering.dynamics import Counts
from rallypoint.envs.gathering.sectors import REPRESENTATIVES, sector_matrix, shared_out

GATHERED = 100.0  # at least 8 of 10 representatives in the central sector
ALONE = -5.0  # fewer than 2
_MANY, _FEW = 8, 2


def reward_of_central(central: NDArray[Any]) -> NDArray[np.float64]:
    """Reward so many of ten representatives in the central sector."""
    return np.where(central >= _MANY, GATHERED, np.where(central < _FEW, ALONE, 0.0))


def reward_by_count(num_agents: int) -> NDArray[np.float64]:
    """Reward each central count of so many agents: (N + 1,); NaN where the other sectors decide.

    Where N divides ten no count is undecided.
    """
    counts = np.arange(num_agents + 1, dtype=np.float32)
    return _rewards(REPRESENTATIVES * counts, np.float32(num_agents))


def rewards_by_cell(
    views: Counts, by_count: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Reward of standing on each cell, from the true counts: (E, L + 1, L) -> (E, L + 1).

    The paper rewards an agent's own rounded percept; here the same rounding is applied to the true
    counts, so that lying to an agent changes what it does and never what it earns. Nowhere earns
    nothing. Where everybody is there, ``reward_by_count`` is a short cut.
    """
    cells = views.shape[-1]
    if by_count is None:
        population = views[:, :1].sum(axis=-1)  # (E, 1)
        earned = _rewards(REPRESENTATIVES * central(views), population)  # (E, L + 1)
    else:
        earned = by_count.take(central(views).astype(np.int64), mode="clip")
    undecided = np.isnan(earned)
    if undecided.any():
        shares = shared_out(sector_matrix(cells).T @ views[undecided].T)  # (6, …)
        earned[undecided] = reward_of_central(shares[0])
    earned[:, cells] = 0.0
    return earned


def _rewards(tens: Counts, population: Counts | np.float32) -> NDArray[np.float64]:
    earned = np.where(tens >= _MANY * population, GATHERED, 0.0)
    earned[tens <= (_FEW - 1) * population] = ALONE
    # Between two whole representatives the other sectors' remainders decide.
    for whole in (_FEW - 1, _MANY - 1):
        earned[(tens > whole * population) & (tens < (whole + 1) * population)] = np.nan
    return earned


def central(views: Counts) -> Counts:
    """Count those within one cell: (…, L) -> (…)."""
    counts: Counts = views[..., 0] + views[..., 1] + views[..., -1]
    return counts
