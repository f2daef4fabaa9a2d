"""What tiles do, by map, flags and cell: the flat tables of a layout."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rallypoint.batch_env import Array
from rallypoint.envs.gridworlds.task import FLOOR, Task, Tile
from rallypoint.envs.gridworlds.text_map import Grid, legend
from rallypoint.errors import InvalidConfig

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Meaning = Callable[[str, Tile], Any]  # of a character and its tile


def tables(task: Task, grid: Grid, used: Mask) -> dict[str, Any]:
    """Return the fields of a ``Layout`` that depend on map, flags and cell.

    Args:
        task: says what the tiles do.
        grid: (V, H, W) tiles of all maps.
        used: (H, W) which places are cells.
    """
    known = legend(task)
    nowhere = np.full((len(grid), 1), " ")  # nobody there is paid: any tile will do
    cells = np.append(grid[:, used], nowhere, axis=1)  # (V, C + 1)

    def spread(value: Meaning) -> Array:
        return _spread(task, cells, value)

    def flat(value: Meaning) -> Array:
        return spread(value).ravel()

    def hazard(name: str) -> Mask:
        return flat(lambda _, tile: tile.is_hazard and tile.name == name)

    def region(shown: str) -> Mask:
        return flat(lambda character, tile: tile.is_region and _look(character, tile) == shown)

    bit_by_flag = {flag: 1 << bit for bit, flag in enumerate(task.flags)}
    worth = spread(lambda _, tile: tile.reward * tile.is_coin)  # (V, 2^F, C + 1)
    kept = np.array([[math.prod(1 - task.tolls.get(flag, 0.0) for flag in up)] for up in ups(task)])
    regions = dict.fromkeys(_look(*item) for item in known.items() if item[1].is_region)
    return {
        "looks": _spread(task, grid, _look),
        "rewards": flat(lambda _, tile: tile.reward * (not tile.is_coin)),
        "performance": flat(lambda _, tile: _score(tile) * (not tile.is_coin)),
        "coins": (worth * kept).ravel(),
        "ends": flat(lambda _, tile: tile.ends),
        "sets": flat(lambda _, tile: bit_by_flag.get(tile.sets or "", 0)),
        "hazards": {tile.name: hazard(tile.name) for tile in known.values() if tile.is_hazard},
        "regions": {shown: region(shown) for shown in regions},
        "safety": _distances(task, grid, used),
    }


def walls(task: Task, grid: Grid) -> Mask:
    """Return which places of the grids (V, H, W) are a wall: (V, 2^F, H, W)."""
    return _spread(task, grid, lambda _, tile: tile.is_wall)


def _spread(task: Task, grid: Grid, value: Meaning) -> Array:
    """Return what a grid's (V, …) tiles mean while flags are up: (V, 2^F, …)."""
    known = legend(task)
    by_kind = np.array(
        [
            [value(*((" ", FLOOR) if tile.until in up else (name, tile))) for up in ups(task)]
            for name, tile in known.items()
        ]
    )
    kinds = np.vectorize(list(known).index, otypes=[np.int64])(grid)
    return np.moveaxis(by_kind[kinds], -1, 1)


def ups(task: Task) -> list[frozenset[str]]:
    """List which flags are up, for each number of flags."""
    return [
        frozenset(flag for bit, flag in enumerate(task.flags) if number >> bit & 1)
        for number in range(1 << len(task.flags))
    ]


def slips(task: Task) -> Floats:
    """Return the share of moves that are left to chance: (2^F,)."""
    shares = [[task.slips.get(flag, 0.0) for flag in up] for up in ups(task)]
    return np.array([max(share, default=0.0) for share in shares])


def given_moves(task: Task) -> Integers:
    """Return how many moves the flags gave: (2^F,)."""
    by_flag = {tile.sets: tile.moves for tile in task.tiles.values() if tile.moves}
    return np.array([sum(by_flag.get(flag, 0) for flag in up) for up in ups(task)], dtype=np.int64)


def _look(character: str, tile: Tile) -> str:
    return tile.looks or character


def _score(tile: Tile) -> float:
    return tile.reward if tile.performance is None else tile.performance


def _distances(task: Task, grid: Grid, used: Mask) -> Integers:
    """Return how far each cell is from the nearest tile of a kind: (V 2^F (C + 1),)."""
    cells = np.argwhere(used)
    shape = len(grid), 1 << len(task.flags), len(cells) + 1
    distances = np.zeros(shape, dtype=np.int64)
    if task.far_from is not None:
        for number, one in enumerate(grid):
            there = np.argwhere(one == task.far_from)
            if not len(there):
                raise InvalidConfig(f"map {number} has no {task.far_from!r} to keep away from")
            apart = np.abs(cells[:, None] - there).sum(axis=-1)
            distances[number, :, :-1] = apart.min(axis=1)
    return distances.ravel()
