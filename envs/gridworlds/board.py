"""A gridworld as layers of float32, for deep learners."""

import numpy as np
from numpy.typing import NDArray

from rallypoint.envs.gridworlds.dynamics import Position
from rallypoint.envs.gridworlds.layout import Layout
from rallypoint.envs.gridworlds.text_map import legend


class Board:
    """What each agent sees: (layers, H, W), each layer 0 or 1, and all that the state number tells.

    ``layers`` names them: one for each kind of tile by the character it is shown as, where it is
    still there; one for each flag that no tile vanishes at; where a clock runs, the share of moves
    left; oneself, and everybody else, if there is anybody.
    """

    def __init__(self, layout: Layout) -> None:
        """Draw the tiles once for each map and flags."""
        task, known = layout.task, legend(layout.task)
        shown = dict.fromkeys(tile.looks or character for character, tile in known.items())
        tiles = [character for character in shown if character not in " ."]
        vanishing = {tile.until for tile in task.tiles.values()}
        flags = [flag for flag in task.flags if flag not in vanishing]
        self.layers = (*tiles, *flags, *(["moves"] if layout.is_timed else []), "self")
        if layout.num_agents > 1:
            self.layers += ("others",)
        self._layout = layout
        self._is_clock = np.array([name == "moves" for name in self.layers])
        maps, ups = layout.looks.shape[:2]
        self._tiles = np.zeros((maps, ups, len(self.layers), *layout.size), dtype=np.float32)
        for layer, character in enumerate(tiles):
            self._tiles[:, :, layer] = layout.looks == character
        for layer, flag in enumerate(flags, start=len(tiles)):
            self._tiles[:, np.arange(ups) >> task.flags.index(flag) & 1 == 1, layer] = 1

    @property
    def shape(self) -> tuple[int, ...]:
        """Layers, H and W."""
        return self._tiles.shape[2:]

    def see(self, position: Position) -> NDArray[np.float32]:
        """Return what every agent sees: (n, N, layers, H, W)."""
        maps, flags, moves, cells, alive = position
        num_copies, num_agents = cells.shape
        tiles = self._tiles[maps, flags]
        if self._is_clock.any():
            share = (moves / self._layout.most_moves).astype(np.float32)
            tiles[:, self._is_clock] = share[:, None, None, None]
        seen = np.repeat(tiles[:, None], num_agents, axis=1)
        rows, columns = self._layout.cells.take(cells, axis=0, mode="clip").transpose(2, 0, 1)
        copies = np.arange(num_copies)
        own = self.layers.index("self")
        for agent in range(num_agents):
            there = alive[:, agent].astype(np.float32)
            row, column = rows[:, agent], columns[:, agent]
            seen[copies, agent, own, row, column] = there
            for other in set(range(num_agents)) - {agent}:
                seen[copies, other, own + 1, row, column] += there
        return seen
