"""Numbering what can be true of a copy, and what can be seen of it."""

import numpy as np
from numpy.typing import NDArray

from rallypoint.envs.gridworlds.dynamics import Position
from rallypoint.envs.gridworlds.layout import Layout

Integers = NDArray[np.int64]


class Index:
    """States 0 … S - 1: which map, which flags are up, moves left, and each agent's cell.

    Whoever is not in the world stands on cell C. A *percept* is the same but for the map: it tells
    maps apart only where they look different.
    """

    def __init__(self, layout: Layout) -> None:
        """Count what there is to tell apart."""
        flags, moves = len(layout.given), layout.most_moves + 1
        self._nowhere = layout.nowhere
        self._cells = (layout.nowhere + 1,) * layout.num_agents
        self._rest = flags, moves, *self._cells
        self._per_map = int(np.prod(self._rest, dtype=object))
        looks = [map_looks.tobytes() for map_looks in layout.looks]
        different = list(dict.fromkeys(looks))
        self._look_by_map = np.array([different.index(look) for look in looks])
        self.num_states = len(looks) * self._per_map
        self.num_percepts = len(different) * self._per_map

    def states(self, position: Position) -> Integers:
        """Return the number of each copy's state: (n,)."""
        return position.maps * self._per_map + self._within(position)

    def percepts(self, position: Position) -> Integers:
        """Return the number of what is seen of each copy: (n,)."""
        return self._look_by_map.take(position.maps) * self._per_map + self._within(position)

    def _within(self, position: Position) -> Integers:
        _, flags, moves, cells, alive = position
        number = flags * self._rest[1] + moves
        for agent in range(len(self._cells)):
            cell = np.where(alive[:, agent], cells[:, agent], self._nowhere)
            number = number * (self._nowhere + 1) + cell
        return number

    def positions(self, states: Integers) -> Position:
        """Return what the numbers of states (n,) stand for."""
        maps, within = np.divmod(states, self._per_map)
        flags, moves, *cells = np.unravel_index(within, self._rest)
        stand = np.stack(cells, axis=1)
        return Position(maps, flags, moves, stand, stand < self._nowhere)
