"""Moving on a map with walls, where no two may meet: pure functions on numbers of cells.

Maps have a border of walls, as wide as agents see, so that nothing below looks beyond an edge: a
map of side P has cells 0 … P² - 1, and cell P y + x lies in row y, from the top, and column x.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rallypoint.batch_env import Array, Mask

Cells = NDArray[np.int64]  # (E, N)
Distances = NDArray[np.int16]  # (E, N, P²)

STAY = 0
MOVES = ((0, 0), (-1, 0), (1, 0), (0, -1), (0, 1))  # rows and columns, by action
ACTION_NAMES = ("stay", "up", "down", "left", "right")
FAR = np.iinfo(np.int16).max  # as far as a wall is


class Moved(NamedTuple):
    """Where everybody stands after a step, and whose move was refused."""

    cells: Cells
    blocked: Mask  # (E, N) by a wall
    collided: Mask  # (E, N) by somebody else


def shifts(side: int) -> NDArray[np.int64]:
    """Return what each action adds to the number of a cell: (5,).

    >>> shifts(10).tolist()
    [0, -10, 10, -1, 1]
    """
    return np.array([side * down + right for down, right in MOVES])


def moved(cells: Cells, actions: Array, present: Mask, walls: Mask) -> Moved:
    """Let all who are present move at once, as far as they can.

    A move into a wall is refused. So are two that would exchange places, and a move to where
    somebody stays. Of several to one free cell the first in the order of the agents is carried
    out. Following somebody who moves away is no conflict, and neither is walking in a circle.

    Args:
        cells: (E, N).
        actions: (E, N).
        present: (E, N); who is not hinders nobody.
        walls: (E, P²).
    """
    num_copies, num_agents = cells.shape
    side = round(walls.shape[1] ** 0.5)
    rows = np.arange(num_copies)[:, None]
    wanted = np.where(present, cells + shifts(side)[actions], cells)
    blocked = walls[rows, wanted] & present
    there = np.where(blocked, cells, wanted)
    pairs = present[:, :, None] & present[:, None, :] & ~np.eye(num_agents, dtype=bool)
    into = pairs & (there[:, :, None] == cells[:, None, :])  # who goes to whose cell
    exchanged = (into & into.transpose(0, 2, 1)).any(axis=2) & (there != cells)
    there = np.where(exchanged, cells, there)
    earlier = np.tri(num_agents, k=-1, dtype=bool)  # [i, j]: j comes before i
    for _ in range(num_agents):  # who is refused stays, which refuses whoever comes there
        stays = there == cells
        meet = pairs & (there[:, :, None] == there[:, None, :])
        refused = (meet & (stays[:, None, :] | earlier)).any(axis=2) & ~stays
        if not refused.any():
            break
        there = np.where(refused, cells, there)
    return Moved(there, blocked, (there != wanted) & ~blocked)


def distances_to(goals: Cells, walls: Mask) -> Distances:
    """Return how many steps lead from each cell to each goal, were nobody else there: (E, N, P²).

    Walls, and cells from which no way leads there, are ``FAR``.
    """
    num_copies, num_agents = goals.shape
    size = walls.shape[1]
    side = round(size**0.5)
    found = np.full((num_copies, num_agents, size), FAR, dtype=np.int16)
    front = np.zeros(found.shape, dtype=bool)
    np.put_along_axis(front, goals[..., None], values=True, axis=2)
    unseen = np.broadcast_to(~walls[:, None], found.shape).copy()
    for steps in range(size):
        found[front] = steps
        unseen &= ~front
        ahead = np.zeros_like(front)
        for shift in (1, side):
            ahead[..., shift:] |= front[..., :-shift]
            ahead[..., :-shift] |= front[..., shift:]
        front = ahead & unseen
        if not front.any():
            break
    return found
