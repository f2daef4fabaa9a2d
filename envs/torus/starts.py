"""Initial families: where the agents of a copy stand when its episode begins."""

from collections.abc import Callable

import numpy as np

from rallypoint.draws import Draws, Mask
from rallypoint.envs.torus.dynamics import Positions

Start = Callable[[Draws, Mask, int, int], Positions]  # draws, mask (E,), N, W -> (masked, N)


def uniform(draws: Draws, mask: Mask, num_agents: int, width: int) -> Positions:
    """Every agent anywhere, on its own."""
    return draws.integers(width**2, (num_agents,), mask)


def antipodal(draws: Draws, mask: Mask, num_agents: int, width: int) -> Positions:
    """Half of the agents on one cell, the rest as far away as can be; who is where is drawn."""
    numbers = draws.random((2 + num_agents,), mask)
    order = numbers[:, 2:].argsort(axis=1, kind="stable")
    away = np.arange(num_agents)[order] * 2 // num_agents * (width // 2)
    x, y = ((numbers[:, [k]] * width).astype(np.int64) + away for k in (0, 1))
    return x % width * width + y % width


STARTS: dict[str, Start] = {"uniform": uniform, "antipodal": antipodal}
