"""What agents see: three pictures of what lies around them, and where their goal is.

Each picture has (2 r + 1)² entries, row by row from the upper left, oneself in the middle:

- *walls*: 1 for a wall or an obstacle, 0 for free;
- *others*: 1 for somebody who goes first where both want one cell, -1 for one who has to wait, 0
  for nobody;
- *nearer*: by how many steps a cell is nearer to the goal than one's own, in units of 2 r: from -1
  to 1; a wall is -1.

Then three numbers: how many rows and columns away the goal is, in units of the map's side less one,
and how many steps, in units of twice the side, at most 1.
"""

from functools import cache

import numpy as np
from gymnasium.spaces import Box
from numpy.typing import NDArray

from rallypoint.batch_env import Mask
from rallypoint.envs.pathfinding.dynamics import Cells, Distances

Percepts = NDArray[np.float32]  # (E, N, 3 (2 r + 1)² + 3)
PICTURES = 3
NUMBERS = 3


def space_of(radius: int) -> Box:
    """Return the space of what is seen."""
    cells = (2 * radius + 1) ** 2
    low = np.concatenate([np.zeros(cells), np.full(2 * cells, -1), [-1, -1, 0]])
    return Box(low.astype(np.float32), np.ones(len(low), dtype=np.float32), dtype=np.float32)


@cache
def window(radius: int, side: int) -> NDArray[np.int64]:
    """Return what each entry of a picture adds to the number of one's own cell: ((2 r + 1)²,)."""
    along = np.arange(-radius, radius + 1)
    return (along[:, None] * side + along).reshape(-1)


def percepts(
    cells: Cells,
    goals: Cells,
    present: Mask,
    walls: Mask,
    distances: Distances,
    *,
    radius: int,
) -> Percepts:
    """Return what everybody sees; who is not there sees zeros."""
    num_copies, num_agents = cells.shape
    side = round(walls.shape[1] ** 0.5)
    size = side - 2 * radius
    entries = (2 * radius + 1) ** 2
    seen = np.empty((num_copies, num_agents, PICTURES * entries + NUMBERS), dtype=np.float32)
    # Flat indices and take: faster than indexing by several arrays.
    lives = np.arange(cells.size).reshape(cells.shape)
    around = cells[..., None] + window(radius, side)  # (E, N, entries)
    of_map = around + (np.arange(num_copies) * side**2)[:, None, None]
    seen[..., :entries] = walls.reshape(-1).take(of_map, mode="clip")
    seen[..., entries : 2 * entries] = _others(cells, present, side, radius)
    flat = distances.reshape(-1)
    here = flat.take(cells + lives * side**2, mode="clip").astype(np.float32)[..., None]
    around += (lives * side**2)[..., None]
    nearer = here - flat.take(around, mode="clip")
    nearer /= 2 * radius
    np.clip(nearer, -1, 1, out=seen[..., 2 * entries : 3 * entries])
    seen[..., -3] = (goals // side - cells // side) / (size - 1)
    seen[..., -2] = (goals % side - cells % side) / (size - 1)
    seen[..., -1] = np.minimum(here[..., 0] / (2 * size), 1)
    seen[~present] = 0
    return seen


def _others(cells: Cells, present: Mask, side: int, radius: int) -> NDArray[np.float32]:
    num_agents = cells.shape[1]
    row, column = np.divmod(cells, side)
    down = row[:, None, :] - row[:, :, None] + radius  # (E, who sees, who is seen)
    right = column[:, None, :] - column[:, :, None] + radius
    width = 2 * radius + 1
    near = (down >= 0) & (down < width) & (right >= 0) & (right < width)
    near &= present[:, None, :] & ~np.eye(num_agents, dtype=bool)
    copy, who, whom = near.nonzero()
    picture = np.zeros((*cells.shape, width * width), dtype=np.float32)
    at = down[copy, who, whom] * width + right[copy, who, whom]
    picture[copy, who, at] = np.where(whom < who, 1, -1)
    return picture
