"""Maps with obstacles, and where agents start and want to go, drawn for each episode."""

from typing import NamedTuple

import numpy as np

from rallypoint.batch_env import Mask
from rallypoint.draws import Draws
from rallypoint.envs.checks import check_size
from rallypoint.envs.pathfinding.dynamics import Cells
from rallypoint.errors import InvalidConfig

DENSEST = 0.4  # beyond, what is left of a map falls apart


class Maps(NamedTuple):
    """Maps of some copies."""

    walls: Mask  # (E, P²)
    starts: Cells
    goals: Cells


def check_room(num_agents: int, size: int, density: float) -> None:
    """Refuse maps on which agents would hardly find room.

    Raises:
        InvalidConfig: says what must hold.
    """
    check_size("num_agents", num_agents, 1)
    check_size("size", size, 3)
    if isinstance(density, bool) or not 0 <= density <= DENSEST:
        raise InvalidConfig(
            f"density is the share of obstacles, in [0, {DENSEST}], beyond which maps fall apart; "
            f"got {density!r}"
        )
    if 4 * num_agents > size**2 * (1 - density):
        raise InvalidConfig(
            f"{num_agents} agents need {num_agents} starts and as many goals in one piece of map, "
            f"so four cells each that are no obstacles; {size} x {size} of which {density:g} are "
            "obstacles has fewer: make size larger"
        )


def drawn(
    draws: Draws, mask: Mask, *, num_agents: int, size: int, density: float, border: int
) -> Maps:
    """Draw a map for each masked copy: obstacles, then starts and goals, all of them apart.

    Only the largest piece of a map is left free, so that every goal can be reached. A map without
    room for all is drawn anew.
    """
    count = int(np.count_nonzero(mask))
    free = np.zeros((count, size, size), dtype=bool)
    lacking = np.ones(count, dtype=bool)
    while lacking.any():
        which = mask.copy()
        which[mask] = lacking
        numbers = draws.random((size, size), which)
        free[lacking] = largest_piece(numbers >= density)
        lacking = np.count_nonzero(free, axis=(1, 2)) < 2 * num_agents
    padded = np.pad(free, ((0, 0), (border, border), (border, border)))
    side = size + 2 * border
    keys = np.where(free, draws.random((size, size), mask), 2.0).reshape(count, size**2)
    chosen = keys.argsort(axis=1, kind="stable")[:, : 2 * num_agents]
    cells = (chosen // size + border) * side + chosen % size + border
    return Maps(~padded.reshape(count, side**2), cells[:, :num_agents], cells[:, num_agents:])


def largest_piece(free: Mask) -> Mask:
    """Return the largest piece of each map that hangs together, the first of equals: (E, S, S).

    >>> largest_piece(np.array([[[1, 0, 1], [0, 0, 1], [1, 0, 0]]], dtype=bool))[0].astype(int)
    array([[0, 0, 1],
           [0, 0, 1],
           [0, 0, 0]])
    """
    from scipy import ndimage  # slow to import

    within = np.zeros((3, 3, 3), dtype=bool)  # neighbours, none of them on another copy's map
    within[1] = ndimage.generate_binary_structure(2, 1)
    pieces, count = ndimage.label(free, within)
    if not count:
        return free.copy()
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0  # what is not free
    of_cells = sizes[pieces].reshape(len(free), -1)
    kept = pieces.reshape(len(free), -1)[np.arange(len(free)), of_cells.argmax(axis=1)]
    largest: Mask = free & (pieces == kept[:, None, None])
    return largest
