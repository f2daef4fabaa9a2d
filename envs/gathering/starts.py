"""Initial families: where the agents of a copy stand when its episode begins.

Each is drawn with a random rotation and, where agents differ by it, a random assignment.
"""

from collections.abc import Callable

import numpy as np

from rallypoint.draws import Draws, Mask
from rallypoint.envs.gathering.dynamics import Positions

Start = Callable[[Draws, Mask, int, int], Positions]  # draws, mask (E,), N, L -> (masked, N)


def uniform(draws: Draws, mask: Mask, num_agents: int, cells: int) -> Positions:
    """Every agent anywhere, on its own."""
    return draws.integers(cells, (num_agents,), mask)


def antipodal(draws: Draws, mask: Mask, num_agents: int, cells: int) -> Positions:
    """Half of the agents on one cell, the rest on the opposite one."""
    return _placed(np.arange(num_agents) * 2 // num_agents * (cells // 2), draws, mask, cells)


def spaced(draws: Draws, mask: Mask, num_agents: int, cells: int) -> Positions:
    """The agents at equal distances round the ring."""
    return _placed(np.arange(num_agents) * cells // num_agents, draws, mask, cells)


def _placed(offsets: Positions, draws: Draws, mask: Mask, cells: int) -> Positions:
    numbers = draws.random((1 + len(offsets),), mask)
    rotation = (numbers[:, :1] * cells).astype(np.int64)
    order = numbers[:, 1:].argsort(axis=1, kind="stable")
    positions: Positions = (offsets[order] + rotation) % cells
    return positions


STARTS: dict[str, Start] = {"uniform": uniform, "antipodal": antipodal, "spaced": spaced}
