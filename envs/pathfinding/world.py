"""Agents on a map with obstacles find paths to their goals, past one another."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium.spaces import Discrete
from numpy.typing import NDArray

from rallypoint.batch_env import Actions, Array, Group, Mask, Observations
from rallypoint.draws import Floats
from rallypoint.envs.batch import Copies
from rallypoint.envs.checks import check_size
from rallypoint.envs.drawing.drawn_world import DrawnWorld, Marks
from rallypoint.envs.pathfinding import maps
from rallypoint.envs.pathfinding.dynamics import ACTION_NAMES, FAR, STAY, distances_to, moved
from rallypoint.envs.pathfinding.percept import percepts, space_of
from rallypoint.envs.pathfinding.scene import Scene

if TYPE_CHECKING:
    from rallypoint.envs.drawing.canvas import Frame

ARRIVED = 1.0
REFUSED = -0.05  # a move into a wall, or into somebody's way
STEP = -0.01
NEARER = 0.05  # for each step by which the way to the goal has become shorter


class Pathfinding(DrawnWorld):
    """Agents see what lies around them, and which of it is nearer to their goals.

    Actions: 0 stay, 1 up, 2 down, 3 left, 4 right; all move at once, and no two may be in one cell
    or exchange places (see ``dynamics``). Observation: see ``percept``. Reward: 1 on arrival,
    -0.01 for each step, -0.05 for a move that is refused, and 0.05 for each step by which the way
    has become shorter. Who arrives is out, and in nobody's way. An episode lasts 64 steps.

    The sizes are those of the preset *Hard8x8* of Skrynnik et al. (2022), "POGEMA: Partially
    Observable Grid Environment for Multiple Agents", arXiv:2206.10944; what is seen and earned is
    ours.
    """

    offers = frozenset({"state", "remove"})
    metadata: Mapping[str, Any] = {**DrawnWorld.metadata, "render_fps": 5}
    action_names = ACTION_NAMES
    # Distances follow from the rest, and are found more slowly than kept.
    _state_arrays = ("_cells", "_goals", "_walls", "_distances")

    def __init__(
        self,
        *,
        copies: Copies = 1,
        num_agents: int = 4,
        size: int = 8,
        density: float = 0.3,
        radius: int = 2,
        max_cycles: int = 64,
        render_mode: str | None = None,
    ) -> None:
        """Set up maps.

        Args:
            copies: how many, or the global id of each.
            num_agents: N >= 1.
            size: cells along a side.
            density: chance of each cell to be an obstacle; what is cut off by them is one, too.
            radius: how far agents see.
            max_cycles: steps in an episode.
            render_mode: "rgb_array", "human" or "ansi".
        """
        maps.check_room(num_agents, size, density)
        check_size("radius", radius, 1)
        self.size, self.density, self.radius = size, density, radius
        agents = tuple(f"agent_{i}" for i in range(num_agents))
        super().__init__(
            "pathfinding-v0",
            [Group("agents", agents, space_of(radius), Discrete(len(ACTION_NAMES)))],
            copies=copies,
            time_limit=max_cycles,
            draws_ahead=1,  # maps are drawn once an episode
            render_mode=render_mode,
        )
        self.noop = {"agents": STAY}
        num_copies, side = len(self.copies), size + 2 * radius
        self._cells = np.zeros((num_copies, num_agents), dtype=np.int64)
        self._goals = np.zeros((num_copies, num_agents), dtype=np.int64)
        self._walls = np.ones((num_copies, side * side), dtype=bool)
        self._distances = np.full((num_copies, num_agents, side * side), FAR, dtype=np.int16)

    def _start(self, mask: Mask) -> None:
        found = maps.drawn(
            self._draws,
            mask,
            num_agents=self.num_agents,
            size=self.size,
            density=self.density,
            border=self.radius,
        )
        self._walls[mask], self._cells[mask], self._goals[mask] = found
        self._distances[mask] = distances_to(found.goals, found.walls)

    def _advance(self, actions: Actions) -> tuple[NDArray[np.float64], Mask, dict[str, Array]]:
        present = self._alive
        before = self._ways()
        self._cells, blocked, collided = moved(self._cells, actions["agents"], present, self._walls)
        arrived = present & (self._cells == self._goals)
        rewards = STEP + NEARER * (before - self._ways())
        rewards += REFUSED * (blocked | collided) + ARRIVED * arrived
        return np.where(present, rewards, 0.0), arrived, {"collided": collided}

    def _observe(self) -> Observations:
        seen = percepts(
            self._cells, self._goals, self._alive, self._walls, self._distances, radius=self.radius
        )
        return {"agents": seen}

    def state(self) -> Array:
        """Rows and columns of agents, then of their goals, then obstacles: (E, 4 N + size²).

        Those of agents that are not in the world are -1; obstacles are 1, row by row.
        """
        places = np.stack([self._placed(self._cells), self._placed(self._goals)], axis=1)
        places = np.where(self._alive[:, None, :, None], places, -1)
        rows = (len(self.copies), -1)
        inside = self.obstacles().astype(np.int64)
        return np.concatenate([places.reshape(rows), inside.reshape(rows)], axis=1)

    def obstacles(self) -> Mask:
        """Where nobody can go: (E, size, size)."""
        side = self.size + 2 * self.radius
        inside = slice(self.radius, self.radius + self.size)
        return self._walls.reshape(-1, side, side)[:, inside, inside].copy()

    def remove(self, mask: Mask) -> Observations:
        """Take agents (E, N) out of the world: they hinder nobody from then on."""
        self._leave(mask)
        return self._observe()

    def _placed(self, cells: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return rows and columns of cells: (E, N) -> (E, N, 2)."""
        rows_and_columns = np.divmod(cells, self.size + 2 * self.radius)
        return np.stack(rows_and_columns, axis=-1) - self.radius

    def _ways(self) -> Floats:
        """How many steps everybody's goal is away: (E, N)."""
        ways = np.take_along_axis(self._distances, self._cells[..., None], axis=2)
        return ways[..., 0].astype(np.float64)

    def _draw(self, copy: int, marks: Marks, size: int) -> "Frame":
        from rallypoint.envs.pathfinding.picture import draw

        return draw(self.scene(copy), marks=marks, size=size)

    def _describe(self, copy: int, marks: Marks) -> str:
        from rallypoint.envs.pathfinding.text import describe

        return describe(self.scene(copy), marks=marks)

    def scene(self, copy: int) -> Scene:
        """Return what there is to be seen in one copy."""
        return Scene(
            obstacles=self.obstacles()[copy],
            places=np.where(self._alive[copy, :, None], self._placed(self._cells)[copy], -1),
            goals=self._placed(self._goals)[copy],
            step=int(self._elapsed[copy]),
            time_limit=self.time_limit,
        )
