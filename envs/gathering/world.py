"""Gathering on a ring, exactly as in the paper, for any number of agents and cells."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from gymnasium.spaces import Box, Discrete
from numpy.typing import NDArray

from rallypoint.acceleration import compiled_module
from rallypoint.batch_env import Actions, Array, Geometry, Group, Mask, Observations
from rallypoint.envs.batch import Copies
from rallypoint.envs.checks import check_size, checked_start
from rallypoint.envs.drawing.drawn_world import DrawnWorld, Marks
from rallypoint.envs.gathering import reward
from rallypoint.envs.gathering.dynamics import STAY, Positions, move_table, views
from rallypoint.envs.gathering.sectors import REPRESENTATIVES, sector_of_offset
from rallypoint.envs.gathering.starts import STARTS

if TYPE_CHECKING:
    from rallypoint.envs.drawing.canvas import Frame

_CROWD = 256  # agents; from some 400 on NumPy is as fast
_CACHE = 96 * 1024  # counts seen at a time, 384 KiB: they stay in cache however large the batch


class Gathering(DrawnWorld):
    """Agents on a ring learn to stand together at a place nobody named in advance.

    Actions: 0 stay, 1 one cell clockwise, 2 one counter-clockwise; all move at once, and a cell
    holds any number. Observation: how many agents, oneself included, stand d cells ahead, for d in
    0 … L - 1 (float32 whole numbers). Reward: +100 with at least 8 of 10 representatives of the
    population within one cell, -5 with fewer than 2, else 0. An episode lasts 5 L steps.

    Source: El Mhamdi, Guerraoui, Maurer & Tempez (2018), "Learning to Gather without
    Communication", arXiv:1802.07834; sizes and reward from the fourth author's ring code of 2016.
    """

    offers = frozenset({"state", "geometry", "remove"})
    _state_arrays = ("_positions",)

    def __init__(
        self,
        *,
        copies: Copies = 1,
        num_agents: int = 10,
        cells: int = 13,
        max_cycles: int | None = None,
        start: str | Sequence[Sequence[int]] | Positions = "uniform",
        render_mode: str | None = None,
    ) -> None:
        """Set up a ring.

        Args:
            copies: how many, or the global id of each.
            num_agents: N >= 1; the published claims need N >= 10.
            cells: L >= 3; the published claims need L >= 9.
            max_cycles: steps in an episode, 5 L if not given.
            start: "uniform", "antipodal", "spaced", or the cells to start from, (N,) or (E, N).
            render_mode: "rgb_array", "human" or "ansi".
        """
        check_size("num_agents", num_agents, 1)
        check_size("cells", cells, 3)
        self.cells = cells
        agents = tuple(f"agent_{i}" for i in range(num_agents))
        seen = Box(0.0, float(num_agents), (cells,), np.float32)
        super().__init__(
            "gathering-v0",
            [Group("agents", agents, seen, Discrete(3))],
            copies=copies,
            time_limit=5 * cells if max_cycles is None else max_cycles,
            draws_ahead=1,  # positions are drawn once an episode
            render_mode=render_mode,
        )
        self.noop = {"agents": STAY}
        shape = (len(self.copies), num_agents)
        self._start_positions = checked_start(start, STARTS, shape, cells)
        self._positions = np.zeros(shape, dtype=np.int64)
        self._moves = move_table(cells).ravel()
        self._chunk = max(1, _CACHE // (cells * (cells + 1)))  # copies
        # One room for all chunks of all steps: new memory is what a step's time would go to.
        self._views = np.empty(
            (min(self._chunk, len(self.copies)), cells + 1, cells), dtype=np.float32
        )
        self._reward_by_count = reward.reward_by_count(num_agents)
        self._undecided = np.full(num_agents + 1, np.nan)  # the same where some are removed
        self._ring = (
            self._moves,
            reward.reward_of_central(np.arange(REPRESENTATIVES + 1)),
            sector_of_offset(cells),
        )
        # Half a second of loading is won back by some forty thousand steps of one copy.
        self._is_compiled = num_agents <= _CROWD and (
            compiled_module("rallypoint.envs.gathering.compiled_step", pays=False) is not None
        )
        self._everybody = True  # nobody is removed: rewards follow from central counts, mostly

    def _start(self, mask: Mask) -> None:
        if isinstance(self._start_positions, str):
            family = STARTS[self._start_positions]
            self._positions[mask] = family(self._draws, mask, self.num_agents, self.cells)
        else:
            self._positions[mask] = self._start_positions[mask]

    def _advance(self, actions: Actions) -> tuple[NDArray[np.float64], Mask, dict[str, Array]]:
        if self._is_compiled:
            self._move_and_look(np.ascontiguousarray(actions["agents"], np.int64))
        else:
            # One flat index and take: four times faster than indexing the table by two arrays.
            moves = np.multiply(actions["agents"], self.cells + 1, dtype=np.int64)
            moves += self._positions
            self._moves.take(moves, out=self._positions, mode="clip")
            self._look()
        return self._rewards, np.zeros(self._positions.shape, dtype=bool), {}

    def _observe(self) -> Observations:
        return {"agents": self._seen}

    def _refresh(self) -> None:
        self._everybody = bool(self._alive.all())
        self._look()

    def _look(self) -> None:
        """Count, see and reward, in chunks of copies."""
        num_copies, num_agents = self._positions.shape
        self._seen = np.empty((num_copies, num_agents, self.cells), dtype=np.float32)
        self._rewards = np.empty((num_copies, num_agents))
        by_count = self._reward_by_count if self._everybody else None
        for first in range(0, num_copies, self._chunk):
            rows = slice(first, first + self._chunk)
            positions = self._positions[rows]
            seen = views(positions, self.cells, self._views)
            earned = reward.rewards_by_cell(seen, by_count)
            stands = positions + (np.arange(len(positions)) * (self.cells + 1))[:, None]
            seen.reshape(-1, self.cells).take(stands, axis=0, out=self._seen[rows], mode="clip")
            earned.reshape(-1).take(stands, out=self._rewards[rows], mode="clip")

    def _move_and_look(self, actions: NDArray[np.int64]) -> None:
        """Do both at once, compiled; the bits are the same."""
        shape = self._positions.shape
        self._seen = np.empty((*shape, self.cells), dtype=np.float32)
        self._rewards = np.empty(shape)
        by_count = self._reward_by_count if self._everybody else self._undecided
        _compiled_step()(actions, self._positions, self._seen, self._rewards, by_count, self._ring)

    def end_at(self, positions: Positions) -> None:
        """Be at the end of this episode, in which everybody has come to these cells: (E, N).

        For who computes a whole episode without a step, as compiled training does.
        """
        self._positions[:] = positions
        self._elapsed[:] = self.time_limit or 0
        self._ended[:] = self._any_ended = True

    def state(self) -> Array:
        """Where each agent stands; -1 for one not in the world: (E, N)."""
        return np.where(self._alive, self._positions, -1)

    def geometry(self) -> Geometry:
        """Cells, ring distances, and how many cells ahead each count is."""
        return _whereabouts(self.cells)._replace(positions=self.state()[..., None])

    def remove(self, mask: Mask) -> Observations:
        """Take agents (E, N) out of the world: they vanish from every count."""
        self._leave(mask)
        self._positions = np.where(mask, self.cells, self._positions)
        self._refresh()
        return self._observe()

    def _draw(self, copy: int, marks: Marks, size: int) -> "Frame":
        from rallypoint.envs.gathering.picture import draw

        step, limit = int(self._elapsed[copy]), self.time_limit
        where = self.state()[copy]
        return draw(where, self.cells, marks=marks, step=step, time_limit=limit, size=size)

    def _describe(self, copy: int, marks: Marks) -> str:
        from rallypoint.envs.gathering.text import describe

        step, limit = int(self._elapsed[copy]), self.time_limit
        return describe(self.state()[copy], self.cells, marks=marks, step=step, time_limit=limit)


@cache
def _whereabouts(cells: int) -> Geometry:
    """Return a geometry without positions, the same one each time, so that tables can be kept."""
    ahead = np.arange(cells)
    distance = np.minimum(ahead, cells - ahead)
    geometry = Geometry(
        positions=np.empty((0, 0, 1), dtype=np.int64),
        distances=distance[(ahead[:, None] - ahead[None, :]) % cells],
        offsets=np.where(ahead <= cells // 2, ahead, ahead - cells)[:, None],
        sides=np.array([cells]),
        leads_to=move_table(cells)[:, :cells],
    )
    for array in geometry:
        array.flags.writeable = False
    return geometry


@cache
def _compiled_step() -> Callable[..., None]:
    # Not an attribute, which would be pickled with the world.
    from rallypoint.envs.gathering.compiled_step import step

    return step
