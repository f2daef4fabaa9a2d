"""Any gridworld: a task, stepped in E copies at once."""

from typing import TYPE_CHECKING, TypedDict

import numpy as np
from gymnasium.spaces import Box, Discrete
from numpy.typing import NDArray

from rallypoint.batch_env import Actions, Array, Group, Mask, Observations
from rallypoint.envs.batch import Copies
from rallypoint.envs.checks import check_name
from rallypoint.envs.drawing.drawn_world import DrawnWorld, Marks
from rallypoint.envs.gridworlds import model
from rallypoint.envs.gridworlds.board import Board
from rallypoint.envs.gridworlds.dynamics import Position, advance, slipped
from rallypoint.envs.gridworlds.indexing import Index
from rallypoint.envs.gridworlds.layout import layout_of
from rallypoint.envs.gridworlds.task import Task
from rallypoint.errors import InvalidConfig
from rallypoint.transitions import Transitions

if TYPE_CHECKING:
    from rallypoint.envs.drawing.canvas import Frame

OBSERVATIONS = ("state", "board")
_MOST_STATES = 1 << 62


class Settings(TypedDict, total=False):
    """What can be set of every gridworld."""

    copies: Copies  # how many, or the global id of each; 1 if not given
    observation: str  # "state", if not given, or "board"
    stay: bool  # whether there is an action more that does nothing
    max_cycles: int | None  # steps in an episode; the task's time limit if not given
    render_mode: str | None  # "rgb_array", "human" or "ansi"


class Gridworld(DrawnWorld):
    """Agents walk about on a map that is given as data; see ``Task``.

    Actions: 0 up, 1 down, 2 left, 3 right, then one for each push the task has, then *stay* if the
    world was made with it; ``action_names`` lists them. Only a world with *stay* has a noop.
    Agents move in their order, and an occupied cell is like a wall. Whoever reaches a tile that
    ends, or is there when the moves run out, is terminated.

    Observation ``"state"``: the number of what is seen, the same for everybody (see ``Index``);
    ``"board"``: layers of float32 (see ``Board``). ``state()`` holds the numbers of the states
    that ``transitions()`` speaks of, and regions go by the characters of the map.

    Infos: ``performance`` (E, N), what the step adds to the hidden score; where agents slip,
    ``carried_out`` (E, N), the action that it came to; where the task keeps away from something,
    ``safety`` (E, N), how far off the nearest of it is.
    """

    _state_arrays: tuple[str, ...] = ("_maps", "_flags", "_moves", "_cells", "_costs")

    def __init__(
        self,
        id: str,
        task: Task,
        *,
        copies: Copies = 1,
        observation: str = "state",
        stay: bool = False,
        max_cycles: int | None = None,
        render_mode: str | None = None,
    ) -> None:
        """Set up a gridworld.

        Args:
            id: the versioned name.
            task: the maps, and what is on them.
            copies: how many, or the global id of each.
            observation: "state" or "board".
            stay: whether there is an action more that does nothing.
            max_cycles: steps after which an episode is cut short; the task's time limit if not
                given.
            render_mode: "rgb_array", "human" or "ansi".

        Raises:
            InvalidConfig: a map is malformed, or there are more states than can be counted.
        """
        check_name("observation", observation, OBSERVATIONS)
        self.task = task
        self.layout = layout_of(task, stay=stay)
        self._index = Index(self.layout)
        self._board = Board(self.layout) if observation == "board" else None
        if self._index.num_states > _MOST_STATES:
            raise InvalidConfig(
                f"{id} has {self._index.num_states:.3g} states, more than can be numbered; take "
                "fewer agents, flags or cells"
            )
        self.offers = self._parts()
        self.cost_names = tuple(self.layout.hazards)
        agents = tuple(f"agent_{i}" for i in range(self.layout.num_agents))
        super().__init__(
            id,
            [Group("agents", agents, self._space(), Discrete(len(self.layout.actions)))],
            copies=copies,
            time_limit=task.time_limit if max_cycles is None else max_cycles,
            render_mode=render_mode,
        )
        if stay:
            self.noop = {"agents": len(self.layout.actions) - 1}
        num_copies = self.num_copies
        self._maps, self._flags, self._moves = np.zeros((3, num_copies), dtype=np.int64)
        self._cells = np.zeros((num_copies, self.num_agents), dtype=np.int64)
        self._costs = np.zeros((num_copies, self.num_agents, len(self.cost_names)))
        self._cumulative = np.cumsum(self.layout.odds)[:-1]

    @property
    def action_names(self) -> tuple[str, ...]:
        """What each action is called."""
        return self.layout.actions

    def _parts(self) -> frozenset[str]:
        parts = {"state", "remove"}
        if self.layout.hazards:
            parts.add("cost")
        if self.layout.regions:
            parts.add("regions")
        if model.is_small(self.layout, self._index):
            parts.add("transitions")
        return frozenset(parts)

    def _space(self) -> Box | Discrete:
        if self._board is None:
            return Discrete(self._index.num_percepts)
        return Box(0.0, 1.0, self._board.shape, np.float32)

    @property
    def _position(self) -> Position:
        return Position(self._maps, self._flags, self._moves, self._cells, self._alive)

    def _start(self, mask: Mask) -> None:
        self._maps[mask] = self._drawn_maps(mask)
        self._flags[mask] = 0
        self._moves[mask] = self.layout.moves.take(self._maps[mask])
        self._cells[mask] = self.layout.starts.take(self._maps[mask], axis=0)
        self._costs[mask] = 0

    def _drawn_maps(self, mask: Mask) -> NDArray[np.int64]:
        """Choose the map of each masked copy's next episode: (masked,)."""
        if not len(self._cumulative):
            return np.zeros(int(mask.sum()), dtype=np.int64)
        return np.searchsorted(self._cumulative, self._draws.random((), mask), side="right")

    def _advance(self, actions: Actions) -> tuple[NDArray[np.float64], Mask, dict[str, Array]]:
        chosen, infos = actions["agents"], {}
        if self.task.slips:
            numbers = self._draws.random((self.num_agents, 2))
            chosen = slipped(self.layout, self._flags, chosen, numbers)
            infos["carried_out"] = chosen
        acted = self._alive
        outcome = advance(self.layout, self._position, chosen)
        _, self._flags, self._moves, self._cells, _ = outcome.position
        if self.cost_names:
            there = [table.take(outcome.places) for table in self.layout.hazards.values()]
            self._costs = (np.stack(there, axis=2) & acted[..., None]).astype(np.float64)
        if self.task.far_from is not None:
            infos["safety"] = self.layout.safety.take(outcome.places)
        return outcome.rewards, outcome.terminated, {"performance": outcome.performance} | infos

    def _observe(self) -> Observations:
        if self._board is not None:
            return {"agents": self._board.see(self._position)}
        seen = self._index.percepts(self._position)
        return {"agents": np.repeat(seen[:, None], self.num_agents, axis=1)}

    def state(self) -> Array:
        """Return the number of each copy's state, as ``transitions`` has it: (E,)."""
        return self._index.states(self._position)

    def positions(self, states: NDArray[np.int64]) -> Position:
        """Return what the numbers of states (n,) stand for."""
        return self._index.positions(states)

    def percepts(self, states: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return what is seen, as a number, in states (n,): what observation "state" shows."""
        return self._index.percepts(self._index.positions(states))

    def regions(self) -> dict[str, Mask]:
        """Who stands on each kind of tile now, by its character on the map: (E, N)."""
        if "regions" not in self.offers:
            self._refuse("regions")
        places = self.layout.places(self._maps, self._flags)[:, None] + self._cells
        return {
            name: table.take(places) & self._alive for name, table in self.layout.regions.items()
        }

    def cost(self) -> NDArray[np.float64]:
        """1 for whoever ended the last step on a hazard: (E, N, hazards)."""
        if "cost" not in self.offers:
            self._refuse("cost")
        return self._costs.copy()

    def transitions(self) -> Transitions:
        """The tabular model over the numbers of ``state()``; a time limit is no part of it."""
        if "transitions" not in self.offers:
            self._refuse("transitions")
        return model.transitions(self.layout, self._index)

    def remove(self, mask: Mask) -> Observations:
        """Take agents (E, N) out of the world: nothing is in their place."""
        self._leave(mask)
        return self._observe()

    def _draw(self, copy: int, marks: Marks, size: int) -> "Frame":
        from rallypoint.envs.gridworlds.picture import draw

        return draw(self.layout, *self._shown(copy), marks=marks, size=size)

    def _describe(self, copy: int, marks: Marks) -> str:
        from rallypoint.envs.gridworlds.text import describe

        return describe(self.layout, *self._shown(copy), marks=marks)

    def _shown(self, copy: int) -> tuple[Position, int, int | None]:
        row = Position(*(array[copy] for array in self._position))
        return row, int(self._elapsed[copy]), self.time_limit
