"""A step of the ring in one loop: what numba compiles."""

from typing import Any

import numpy as np

from rallypoint.acceleration import compiled, inlined
from rallypoint.draws import Floats, Integers
from rallypoint.envs.gathering.dynamics import Counts

_RING = (
    "Tuple(("
    "int64[::1], "  # (3 * (L + 1),) cell by action and cell
    "float64[::1], "  # (11,) reward by central representatives
    "int64[::1]))"  # (L,) sector by cells ahead
)


@inlined
def central_share(counts: Counts, cell: int, sectors: Integers, representatives: int) -> int:
    """Share representatives out around a cell, as ``sectors.shared_out``; return the central ones.

    Counts go round the ring two times. Of equal remainders the central one comes first.
    """
    by_sector = np.zeros(6, np.int64)
    for ahead in range(len(sectors)):
        by_sector[sectors[ahead]] += int(counts[cell + ahead])
    total = by_sector.sum()
    leftover, rank = representatives, 0
    for sector in range(6):
        tens = representatives * by_sector[sector]
        leftover -= tens // total
        rank += tens % total > representatives * by_sector[0] % total
    share: int = representatives * by_sector[0] // total
    return share + (rank < leftover)


@compiled(
    "void(Array(int64, 2, 'C', readonly=True), int64[:, ::1], float32[:, :, ::1], "
    f"float64[:, ::1], float64[::1], {_RING})"
)
def step(  # noqa: PLR0917 - compiled code has no keywords
    actions: Integers,  # (E, N)
    positions: Integers,  # (E, N), moved on
    seen: Counts,  # (E, N, L), written
    rewards: Floats,  # (E, N), written
    reward_by_count: Floats,  # (N + 1,) of the central count; NaN where other sectors decide
    ring: Any,
) -> None:
    """Move, count, see and reward."""
    moves, reward_by_share, sectors = ring
    num_copies, num_agents, cells = seen.shape
    counts = np.zeros(3 * cells, np.float32)  # round the ring two times, then what nowhere sees
    earned = np.zeros(cells + 1)
    for copy in range(num_copies):
        counts[:] = 0
        for agent in range(num_agents):
            cell = moves[actions[copy, agent] * (cells + 1) + positions[copy, agent]]
            positions[copy, agent] = cell
            counts[cell] += np.float32(1)
        counts[cells : 2 * cells] = counts[:cells]
        for cell in range(cells):
            central = int(counts[cell] + counts[cell + 1] + counts[cell + cells - 1])
            earned[cell] = reward_by_count[min(central, num_agents)]
            if np.isnan(earned[cell]) and counts[cell] > 0:
                share = central_share(counts, cell, sectors, len(reward_by_share) - 1)
                earned[cell] = reward_by_share[share]
        for agent in range(num_agents):
            cell = positions[copy, agent]
            rewards[copy, agent] = earned[cell]
            first = cell if cell < cells else 2 * cells
            for ahead in range(cells):
                seen[copy, agent, ahead] = counts[first + ahead]
