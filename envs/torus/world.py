"""Gathering on a torus: what deep learners need two dimensions and partial sight for."""

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium.spaces import Box, Discrete
from numpy.typing import NDArray

from rallypoint.batch_env import Actions, Array, Geometry, Group, Mask, Observations
from rallypoint.envs.batch import Copies
from rallypoint.envs.checks import check_name, check_size, checked_start
from rallypoint.envs.drawing.drawn_world import DrawnWorld, Marks
from rallypoint.envs.torus import sight_by_sets
from rallypoint.envs.torus.dynamics import (
    MOVES,
    STAY,
    coordinates,
    move_table,
    walking_distances,
)
from rallypoint.envs.torus.percept import CENTRE, ENTRIES, Limits, checked_limits, spoken_of
from rallypoint.envs.torus.reward import REWARDS
from rallypoint.envs.torus.sight_by_grid import SightByGrid
from rallypoint.envs.torus.sight_by_sets import SightBySets
from rallypoint.envs.torus.starts import STARTS

if TYPE_CHECKING:
    from rallypoint.envs.drawing.canvas import Frame

_AGENTS_AT_A_TIME = 4096  # what is seen of them stays in cache, however large the batch


class Torus(DrawnWorld):
    """Agents on a torus learn to stand together, seeing only roughly where others are, if at all.

    Actions: 0 stay, 1 and 2 one column up and down, 3 and 4 one row up and down; all move at once,
    and a cell holds any number. Observation: the share of the population, oneself included, in
    each pair of five bins along x and five along y (float32; see ``percept``). Reward: ``sparse``,
    ``share`` or ``mix``, of how many are truly in one's centre bin (see ``reward``). An episode
    lasts 50 steps, or 100 from width 21 on.

    The sizes: *small* is width 11, where the limits (1, 3, 5) take in everything; *standard* width
    15 and *hard* width 21 with the same limits, where most of the torus is out of sight.
    """

    offers = frozenset({"state", "geometry", "remove"})
    _state_arrays = ("_positions",)

    def __init__(
        self,
        *,
        copies: Copies = 1,
        num_agents: int = 10,
        width: int = 15,
        limits: Sequence[int] = (1, 3, 5),
        reward: str = "sparse",
        max_cycles: int | None = None,
        start: str | Sequence[Any] | NDArray[np.int64] = "uniform",
        render_mode: str | None = None,
    ) -> None:
        """Set up a torus.

        Args:
            copies: how many, or the global id of each.
            num_agents: N >= 1.
            width: W, odd and >= 5.
            limits: the farthest offsets, along an axis, of the centre, near and far bins.
            reward: "sparse", "share" or "mix".
            max_cycles: steps in an episode; 50, or 100 from width 21 on, if not given.
            start: "uniform", "antipodal", or the columns and rows to start from, (N, 2) or
                (E, N, 2).
            render_mode: "rgb_array", "human" or "ansi".
        """
        check_size("num_agents", num_agents, 1)
        check_size("width", width, 5)
        check_name("reward", reward, REWARDS)
        self.width = width
        self.limits = checked_limits(limits, width)
        self._reward = REWARDS[reward]
        agents = tuple(f"agent_{i}" for i in range(num_agents))
        seen = Box(0.0, 1.0, (ENTRIES,), np.float32)
        if max_cycles is None:
            max_cycles = 50 if width < 21 else 100
        super().__init__(
            "torus-v0",
            [Group("agents", agents, seen, Discrete(len(MOVES)))],
            copies=copies,
            time_limit=max_cycles,
            draws_ahead=1,  # positions are drawn once an episode
            render_mode=render_mode,
        )
        self.noop = {"agents": STAY}
        places = checked_start(start, STARTS, (len(self.copies), num_agents, 2), width)
        self._start_cells = places if isinstance(places, str) else places @ [width, 1]
        self._positions = np.full((len(self.copies), num_agents), width**2)
        self._moves = move_table(width).ravel()
        self._sight: SightBySets | SightByGrid
        if num_agents <= sight_by_sets.MOST_AGENTS:
            self._sight = SightBySets(num_agents, width, self.limits)
        else:
            self._sight = SightByGrid(width, self.limits)
        self._chunk = max(1, _AGENTS_AT_A_TIME // num_agents)  # copies

    def _start(self, mask: Mask) -> None:
        if isinstance(self._start_cells, str):
            family = STARTS[self._start_cells]
            self._positions[mask] = family(self._draws, mask, self.num_agents, self.width)
        else:
            self._positions[mask] = self._start_cells[mask]

    def _advance(self, actions: Actions) -> tuple[NDArray[np.float64], Mask, dict[str, Array]]:
        # One flat index and take: four times faster than indexing the table by two arrays.
        moves = np.multiply(actions["agents"], self.width**2 + 1, dtype=np.int64)
        moves += self._positions
        self._moves.take(moves, out=self._positions, mode="clip")
        self._look()
        return self._rewards, np.zeros(self._positions.shape, dtype=bool), {}

    def _observe(self) -> Observations:
        return {"agents": self._seen}

    def _refresh(self) -> None:
        population = np.maximum(self._alive.sum(axis=1, keepdims=True), 1)
        self._population = population.astype(np.float64)  # (E, 1)
        self._look()

    def _look(self) -> None:
        """Count, see and reward, in chunks of copies."""
        num_copies, num_agents = self._positions.shape
        self._seen = np.empty((num_copies, num_agents, ENTRIES), dtype=np.float32)
        self._rewards = np.empty((num_copies, num_agents))
        for first in range(0, num_copies, self._chunk):
            rows = slice(first, first + self._chunk)
            counts = self._sight.counts(self._positions[rows])
            population = self._population[rows]
            # A quotient, not a product with the inverse: equal shares are then equal bits.
            np.divide(counts, population.astype(np.float32)[..., None], out=self._seen[rows])
            self._rewards[rows] = self._reward(counts[..., CENTRE].astype(np.float64), population)

    def state(self) -> Array:
        """Column and row of each agent; -1 for one not in the world: (E, N, 2)."""
        return coordinates(self.width).take(self._positions, axis=0)

    def geometry(self) -> Geometry:
        """Columns and rows, steps from cell to cell, and which offset each entry speaks of.

        The cell of column x and row y has number x W + y in the table of distances.
        """
        return _whereabouts(self.width, self.limits)._replace(positions=self.state())

    def remove(self, mask: Mask) -> Observations:
        """Take agents (E, N) out of the world: they vanish from every count."""
        self._leave(mask)
        self._positions = np.where(mask, self.width**2, self._positions)
        self._refresh()
        return self._observe()

    def _draw(self, copy: int, marks: Marks, size: int) -> "Frame":
        from rallypoint.envs.torus.picture import draw

        step, limit = int(self._elapsed[copy]), self.time_limit
        where = self.state()[copy]
        return draw(where, self.width, marks=marks, step=step, time_limit=limit, size=size)

    def _describe(self, copy: int, marks: Marks) -> str:
        from rallypoint.envs.torus.text import describe

        step, limit = int(self._elapsed[copy]), self.time_limit
        return describe(self.state()[copy], self.width, marks=marks, step=step, time_limit=limit)


@cache
def _whereabouts(width: int, limits: Limits) -> Geometry:
    """Return a geometry without positions, the same one each time, so that tables can be kept."""
    geometry = Geometry(
        positions=np.empty((0, 0, 2), dtype=np.int64),
        distances=walking_distances(width),
        offsets=spoken_of(limits),
        sides=np.array([width, width]),
        leads_to=move_table(width)[:, : width**2],
    )
    for array in geometry:
        array.flags.writeable = False
    return geometry
