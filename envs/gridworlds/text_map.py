"""Reading text maps: each one is right, or refused with row and column."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from rallypoint.envs.gridworlds.task import KNOWN_TILES, STARTS, Map, Task, Tile
from rallypoint.errors import InvalidConfig

Grid = NDArray[np.str_]  # (H, W) single characters


def legend(task: Task) -> Mapping[str, Tile]:
    """Return what each character means, those that every task knows first."""
    return {**KNOWN_TILES, **task.tiles}


def grids(task: Task) -> tuple[Grid, NDArray[np.int64]]:
    """Read all maps: tiles (V, H, W), and where each agent begins (V, N, 2).

    Raises:
        InvalidConfig: says which map, row and column, counted from 0, and what must hold.
    """
    read = [_read(one, number, task) for number, one in enumerate(task.maps)]
    tiles, starts = zip(*read, strict=True)
    for number, (grid, begins) in enumerate(read):
        if grid.shape != tiles[0].shape or len(begins) != len(starts[0]):
            raise InvalidConfig(
                f"all maps of a task are of one size and hold equally many agents: map 0 is "
                f"{tiles[0].shape} with {len(starts[0])}, map {number} {grid.shape} with "
                f"{len(begins)}"
            )
    return np.stack(tiles), np.array(starts)


def _read(one: Map, number: int, task: Task) -> tuple[Grid, list[tuple[int, int]]]:
    known = legend(task)
    if not one.rows or not one.rows[0]:
        raise InvalidConfig(f"map {number} has no cells; give at least one row of characters")
    if one.floor not in known or known[one.floor].is_wall:
        raise InvalidConfig(f"the floor of map {number} is a tile to walk on, got {one.floor!r}")
    width = len(one.rows[0])
    found: dict[str, tuple[int, int]] = {}
    grid = np.full((len(one.rows), width), one.floor)
    for row, line in enumerate(one.rows):
        if len(line) != width:
            raise InvalidConfig(
                f"map {number}, row {row}, column {min(len(line), width)}: every row has "
                f"{width} columns as row 0 has, this one has {len(line)}"
            )
        for column, character in enumerate(line):
            if character in STARTS:
                if character in found:
                    raise InvalidConfig(
                        f"map {number}, row {row}, column {column}: {character!r} begins in one "
                        f"place, and stands in {found[character]} too; call several agents 0, 1, …"
                    )
                found[character] = row, column
            elif character not in known:
                raise InvalidConfig(
                    f"map {number}, row {row}, column {column}: a character is one of "
                    f"{''.join(known)}{STARTS}, got {character!r}; declare what it means in tiles"
                )
            elif character != " ":
                grid[row, column] = character
    return grid, _in_order(found, number)


def _in_order(found: Mapping[str, tuple[int, int]], number: int) -> list[tuple[int, int]]:
    names = ["A"] if "A" in found else [str(agent) for agent in range(max(len(found), 1))]
    if set(names) != set(found):
        raise InvalidConfig(
            f"map {number} holds one agent A, or agents 0, 1, … without a gap, got "
            f"{', '.join(sorted(found)) or 'none'}"
        )
    return [found[name] for name in names]
