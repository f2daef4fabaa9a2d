"""Where to go to be away from all: what numba compiles."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rallypoint.acceleration import compiled
from rallypoint.draws import Integers

_TOGETHER = 4  # agents whose distances are added at a time: sums are fetched and kept as seldom
_GROUND = (
    "Tuple(("
    "Array(int64, 1, 'C', readonly=True), "  # (k,) cells along each axis
    "int32[:, ::1], "  # (cells + 1, cells) squared distances, and zeros
    "int64[:, ::1], "  # (cells, m) the farthest from each
    "int64[:, ::1]))"  # (cells, cells) action by where one stands and where one goes
)


@compiled(
    "void(Array(int64, 3, 'C', readonly=True), Array(boolean, 2, 'C', readonly=True), "
    f"int64[:, ::1], {_GROUND})"
)
def away(
    positions: Integers,  # (E, N, k), -1 for the absent
    honest: NDArray[np.bool_],  # (E, N)
    moves: Integers,  # (E, N), written
    ground: Any,
) -> None:
    """Find actions as ``whereabouts.away_from_all`` does, in whole numbers."""
    sides, squares, farthest, towards = ground
    num_copies, num_agents, axes = positions.shape
    num_cells = squares.shape[1]
    stands = np.empty(num_agents, np.int64)
    others = np.empty(num_agents + _TOGETHER, np.int64)  # cells of the honest, then nobody's
    spread = np.empty(num_cells, np.int32)  # sums of squared distances to the honest
    for copy in range(num_copies):
        count = 0
        for agent in range(num_agents):
            cell = 0
            for axis in range(axes):
                place = max(positions[copy, agent, axis], 0)
                cell = cell * sides[axis] + (place if place < sides[axis] else place % sides[axis])
            stands[agent] = others[count] = cell  # who does not count is written over by the next
            count += honest[copy, agent] and positions[copy, agent, 0] >= 0
        others[count : count + _TOGETHER] = num_cells
        spread[:] = 0
        for first in range(0, count, _TOGETHER):
            # Rows are told by their numbers: of slices numba would count the references.
            one, two = others[first], others[first + 1]
            three, four = others[first + 2], others[first + 3]
            for cell in range(num_cells):
                spread[cell] += squares[one, cell] + squares[two, cell]
                spread[cell] += squares[three, cell] + squares[four, cell]
        middle = num_cells * np.int64(spread[0])
        for cell in range(num_cells):  # the first of the least, as the least of other numbers
            middle = min(middle, num_cells * np.int64(spread[cell]) + cell)
        middle %= num_cells
        goal = farthest[middle, 0]
        for number in range(1, farthest.shape[1]):
            other = farthest[middle, number]
            if spread[other] > spread[goal]:
                goal = other
        for agent in range(num_agents):
            moves[copy, agent] = towards[stands[agent], goal]
