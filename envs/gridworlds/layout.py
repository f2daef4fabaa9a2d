"""A task as tables: which cell each move leads to, and what each cell does and pays.

Cells that are always a wall, on every map, have no number; the others are 0 … C - 1 in the order of
reading, and C is *nowhere*. Flags that are up are the bits of one number. Tables over (map, flags,
cell) are flat, and an entry's place is what ``Layout.places`` returns.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rallypoint.envs.gridworlds import tile_tables
from rallypoint.envs.gridworlds.task import MOVES, Task
from rallypoint.envs.gridworlds.text_map import Grid, grids

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, eq=False)
class Layout:
    """Tables of V maps of C cells, F flags and A actions."""

    task: Task
    size: tuple[int, int]  # H and W
    cells: Integers  # (C, 2) row and column of each
    starts: Integers  # (V, N) cells
    odds: Floats  # (V,) summing to one
    actions: tuple[str, ...]  # their names
    leads_to: Integers  # (V 2^F A (C + 1),) cells
    is_push: Mask  # (A,)
    action_rewards: Floats  # (A,) on top of all others
    looks: Grid  # (V, 2^F, H, W) the character each place is shown as
    rewards: Floats  # (V 2^F (C + 1),), as all that follow, but for coins and the step's own
    performance: Floats  # what the hidden score counts
    coins: Floats  # what a coin there is worth at once
    ends: Mask
    sets: Integers  # flags
    hazards: dict[str, Mask]  # name -> (V 2^F (C + 1),)
    regions: dict[str, Mask]  # character shown -> (V 2^F (C + 1),)
    safety: Integers  # distance to the nearest tile the task says to keep away from; else 0
    slips: Floats  # (2^F,) share of moves that are left to chance
    given: Integers  # (2^F,) moves that the flags gave
    moves: Integers  # (V,) how many there are to begin with; 0 without a clock

    @property
    def num_agents(self) -> int:
        """N."""
        return int(self.starts.shape[1])

    @property
    def nowhere(self) -> int:
        """C, the number of the cell of those who are not in the world."""
        return len(self.cells)

    @property
    def is_timed(self) -> bool:
        """Whether a clock runs in the world itself."""
        return self.task.maps[0].moves is not None

    @property
    def most_moves(self) -> int:
        """How many moves an episode can ever have left; 0 without a clock."""
        return int(self.moves.max() + self.given.max())

    def places(self, maps: Integers, flags: Integers) -> Integers:
        """Return where in a flat table the cells of these maps and flags begin."""
        return (maps * len(self.given) + flags) * (self.nowhere + 1)


def layout_of(task: Task, *, stay: bool = False) -> Layout:
    """Make the tables of a task; with an action more that stays, if wanted.

    Raises:
        InvalidConfig: a map is malformed; says where.
    """
    tiles, begins = grids(task)
    walls = tile_tables.walls(task, tiles)  # (V, 2^F, H, W)
    numbers = np.full(tiles.shape[1:], -1)
    used = ~np.logical_and.reduce(walls, axis=(0, 1))
    numbers[used] = np.arange(used.sum())
    odds = np.array([one.probability for one in task.maps], dtype=np.float64)
    pays = [0.0] * len(MOVES) + list(task.pushes.values()) + [0.0] * stay
    pushes = [f"push_{direction}" for direction in task.pushes]
    leads_to = [_led(numbers, walls, by) for by in MOVES.values()]
    leads_to += [leads_to[list(MOVES).index(direction)] for direction in task.pushes]
    if stay:
        leads_to.append(np.broadcast_to(np.arange(used.sum() + 1), leads_to[0].shape))
    names = (*MOVES, *pushes, *(["stay"] if stay else []))
    return Layout(
        task=task,
        size=tiles.shape[1:],
        cells=np.argwhere(used),
        starts=numbers[begins[..., 0], begins[..., 1]],
        odds=odds / odds.sum(),
        actions=names,
        leads_to=np.stack(leads_to, axis=2).ravel(),
        is_push=np.array([name in pushes for name in names]),
        action_rewards=np.array(pays),
        slips=tile_tables.slips(task),
        given=tile_tables.given_moves(task),
        moves=np.array([one.moves or 0 for one in task.maps]),
        **tile_tables.tables(task, tiles, used),
    )


def _led(numbers: Integers, walls: Mask, by: tuple[int, int]) -> Integers:
    """Return the cell that one step by so many rows and columns leads to: (V, 2^F, C + 1)."""
    down, right = by
    rows, columns = np.nonzero(numbers >= 0)
    there = rows + down, columns + right
    inside = (there[0] >= 0) & (there[0] < numbers.shape[0])
    inside &= (there[1] >= 0) & (there[1] < numbers.shape[1])
    row, column = np.where(inside, there[0], rows), np.where(inside, there[1], columns)
    here = np.arange(len(rows))
    cells = np.where(walls[..., row, column], here, numbers[row, column])
    return np.append(cells, np.full((*walls.shape[:2], 1), len(rows)), axis=2)
