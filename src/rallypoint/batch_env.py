"""The contract of a world: E copies of one task, stepped together on arrays."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from rallypoint.errors import EpisodeEnded, InvalidAction, NotOffered

if TYPE_CHECKING:
    from gymnasium.spaces import Space

Array = NDArray[Any]
Mask = NDArray[np.bool_]
Observations = dict[str, Array]  # group -> (E, n_group, …)
Actions = Mapping[str, Array]  # group -> (E, n_group, …)
Snapshot = dict[str, Array]

OPTIONAL_PARTS = (
    "state",
    "action_mask",
    "cost",
    "geometry",
    "regions",
    "remove",
    "snapshot",
    "transitions",
)


class Group(NamedTuple):
    """Agents with equal spaces: a contiguous range of the agent axis."""

    name: str
    agents: tuple[str, ...]
    observation_space: "Space[Any]"
    action_space: "Space[Any]"


class Step(NamedTuple):
    """What one step of every copy brought about."""

    observations: Observations
    rewards: NDArray[np.float64]  # (E, N)
    terminated: Mask  # (E, N), true on the step at which an agent's part ends for good
    truncated: Mask  # (E, N), true on the step at which the time limit cuts it short
    alive: Mask  # (E, N), who is in the world after the step
    infos: dict[str, Array]  # name -> (E, …)

    @property
    def ended(self) -> Mask:
        """Copies in which no agent goes on: (E,)."""
        return ~anybody(self.alive & ~(self.terminated | self.truncated))


def anybody(mask: Mask) -> Mask:
    """Return in which copies a mask (E, N) is true for somebody: (E,)."""
    by_agent = mask.T  # (N, E)
    if len(by_agent) < len(mask):  # along the long axis it takes a fourth of the time
        by_agent = np.ascontiguousarray(by_agent)
    somebody: Mask = np.logical_or.reduce(by_agent, axis=0)
    return somebody


class Geometry(NamedTuple):
    """Where the agents are, which places observation entries speak of, where actions lead.

    What follows from distances and from where actions lead is worked out once, where both are the
    same read-only arrays each time; a world that makes them anew pays for it at each step.
    """

    positions: NDArray[np.int64]  # (E, N, k) cell coordinates; -1 for an agent not in the world
    distances: NDArray[np.int64]  # (cells, cells) distance between two cells
    offsets: NDArray[np.int64]  # (entries, k) offset from the observer that an entry speaks of
    sides: NDArray[np.int64]  # (k,) cells along each axis; cells are numbered row by row
    leads_to: NDArray[np.int64]  # (actions, cells) the cell that an action leads to from each

    def cells(self, coordinates: Array) -> NDArray[np.int64]:
        """Number the cells at some coordinates (…, k), counted on past the last from the first."""
        along = tuple(np.moveaxis(np.asarray(coordinates), -1, 0))
        cells: NDArray[np.int64] = np.ravel_multi_index(along, tuple(self.sides), mode="wrap")
        return cells


class BatchEnv(ABC):
    """E copies of one task over N agents, stepped together.

    Observations and actions are dicts from group name to arrays (E, n_group, …); rewards, flags
    and bits are (E, N), agents in the order of ``agents``. ``step`` never resets: a copy that has
    ended must be reset (``reset(mask=step.ended)``) before the next step, so that the last
    observation is an ordinary one. A time limit truncates, it never terminates. Arrays keep all N
    slots whoever is alive; ``alive`` rises at most once (a late arrival) and, once fallen, stays
    false until the copy is reset.

    Optional parts are methods whose name a world lists in ``offers``; the others raise
    ``NotOffered``.
    """

    id: str = "unregistered"
    groups: tuple[Group, ...]
    copies: NDArray[np.int64]  # (E,) global ids
    time_limit: int | None = None
    noop: Mapping[str, Any] | None = None  # group -> the action that does nothing
    offers: frozenset[str] = frozenset()
    cost_names: tuple[str, ...] = ()
    render_mode: str | None = None
    metadata: Mapping[str, Any] = {"render_modes": [], "render_fps": 10}

    @property
    def agents(self) -> tuple[str, ...]:
        """All agents, in the order of the agent axis."""
        return tuple(agent for group in self.groups for agent in group.agents)

    @property
    def num_copies(self) -> int:
        """E, the length of the first axis of every array."""
        return len(self.copies)

    @property
    def num_agents(self) -> int:
        """N, the length of the agent axis."""
        return sum(len(group.agents) for group in self.groups)

    @property
    @abstractmethod
    def seed(self) -> int:
        """The seed of the last seeded reset."""

    @property
    @abstractmethod
    def alive(self) -> Mask:
        """Who is in the world now: (E, N)."""

    @abstractmethod
    def reset(self, seed: int | None = None, mask: Mask | None = None) -> Observations:
        """Start new episodes in all copies, or in the masked ones.

        Rows that are not masked come back unchanged. A seed starts every copy at its episode 0;
        without one each copy goes on to its next episode.
        """

    @abstractmethod
    def step(self, actions: Actions) -> Step:
        """Advance every copy by one step.

        Raises:
            NotReset: before the first reset.
            EpisodeEnded: a copy has ended and was not reset.
            InvalidAction: an action is missing, of the wrong shape or outside its space.
        """

    @abstractmethod
    def close(self) -> None:
        """Release what the world holds. Do not use it afterwards; a world need not notice."""

    def render(self, copy: int = 0) -> Any:
        """Draw one copy (an index, not a global id) in the render mode given at construction."""
        del copy
        raise NotOffered(f"{self.id} draws no pictures")

    def state(self) -> Array:
        """Everything that is true of each copy, for a central critic: (E, …)."""
        self._refuse("state")

    def action_mask(self) -> dict[str, Mask]:
        """Which discrete actions are allowed now: group -> (E, n_group, actions)."""
        self._refuse("action_mask")

    def cost(self) -> NDArray[np.float64]:
        """Safety costs of the last step, in the order of ``cost_names``: (E, N, k)."""
        self._refuse("cost")

    def geometry(self) -> Geometry:
        """Where agents are and what observation entries mean."""
        self._refuse("geometry")

    def regions(self) -> dict[str, Mask]:
        """Who is in each of the world's named places now: name -> (E, N)."""
        self._refuse("regions")

    def remove(self, mask: Mask) -> Observations:
        """Take agents (E, N) out of the world until their copy is reset; observe anew."""
        del mask
        self._refuse("remove")

    def snapshot(self) -> Snapshot:
        """Everything needed to go on from here with the same numbers, as a dict of arrays."""
        self._refuse("snapshot")

    def restore(self, snapshot: Snapshot) -> Observations:
        """Go on from a snapshot of the same copies; return the observations as they were then."""
        del snapshot
        self._refuse("snapshot")

    def transitions(self) -> Any:
        """The tabular model of the task, where it has one."""
        self._refuse("transitions")

    def _refuse(self, part: str) -> NoReturn:
        has = ", ".join(sorted(self.offers)) or "none of the optional parts"
        raise NotOffered(f"{self.id} does not offer {part!r}; it offers {has}")


def some_rows(rows: Mask) -> str:
    """Name the first few of the marked rows, for messages.

    >>> some_rows(np.array([True, False, True]))
    '[0, 2]'
    >>> some_rows(np.ones(9, dtype=bool))
    '[0, 1, 2, 3, 4, …]'
    """
    marked = np.flatnonzero(rows).tolist()
    return f"[{', '.join(map(str, marked[:5]))}{', …' if len(marked) > 5 else ''}]"


def refuse_ended(id: str, ended: Mask) -> NoReturn:
    """Refuse a step while some copies (E,) have ended.

    Raises:
        EpisodeEnded: always; says which.
    """
    raise EpisodeEnded(
        f"{id}: {int(ended.sum())} of {len(ended)} copies have ended (rows {some_rows(ended)}); "
        "reset them first with reset(mask=step.ended), or wrap the world in "
        "rallypoint.envs.batch.autoreset()"
    )


def check_actions(groups: Sequence[Group], num_copies: int, actions: Actions) -> None:
    """Refuse actions that are missing, misshapen or outside their space.

    Raises:
        InvalidAction: says which group, copy and agent, what came and what must hold.
    """
    if not isinstance(actions, Mapping) or actions.keys() != {group.name for group in groups}:
        names = sorted(group.name for group in groups)
        came = list(actions) if isinstance(actions, Mapping) else type(actions).__name__
        raise InvalidAction(f"actions are a dict with exactly the groups {names}, got {came}")
    for group in groups:
        _check_group(group, num_copies, actions[group.name])


def _check_group(group: Group, num_copies: int, actions: Array) -> None:
    space: Any = group.action_space
    shape = (num_copies, len(group.agents), *space.shape)
    if not isinstance(actions, np.ndarray) or actions.shape != shape:
        came = actions.shape if isinstance(actions, np.ndarray) else type(actions).__name__
        raise InvalidAction(f"actions of group {group.name!r} are an array {shape}, got {came}")
    if hasattr(space, "n") and hasattr(space, "start"):  # Discrete, by far the commonest
        low, high = int(space.start), int(space.start + space.n - 1)
        if actions.dtype.kind not in "iu":
            raise InvalidAction(
                f"actions of group {group.name!r} are integers in {low}..{high}, got dtype "
                f"{actions.dtype}; convert with .astype(int)"
            )
        wrong: Mask
        is_plain = actions.itemsize == 8 and actions.dtype.isnative
        if low == 0 and is_plain:  # by far the commonest: one comparison, since
            wrong = actions.view(np.uint64) > high  # what is below zero is above all then
        else:
            wrong = (actions < low) | (actions > high)
        if np.count_nonzero(wrong):  # several times faster than min() and max() where E is small
            _refuse_action(group, actions, wrong, f"an integer in {low}..{high}")
        return
    kinds = "biu" if space.dtype.kind in "biu" else "biuf"
    if actions.dtype.kind not in kinds:
        raise InvalidAction(
            f"actions of group {group.name!r} are of type {space.dtype}, as {space} is, got dtype "
            f"{actions.dtype}"
        )
    wrong = _outside(space, actions)
    if wrong.any():
        _refuse_action(group, actions, wrong, f"inside {space}")


def _outside(space: Any, actions: Array) -> Mask:
    """Tell which entries are wrong: (E, n, …), or (E, n) where only whole actions can be."""
    outside: Mask
    if hasattr(space, "low"):  # Box
        outside = ~((actions >= space.low) & (actions <= space.high))  # NaN is outside too
    elif hasattr(space, "nvec"):  # MultiDiscrete
        outside = (actions < space.start) | (actions >= space.start + space.nvec)
    elif hasattr(space, "n"):  # MultiBinary
        outside = (actions != 0) & (actions != 1)
    else:
        outside = np.array([[not space.contains(action) for action in row] for row in actions])
    return outside


def _refuse_action(group: Group, actions: Array, wrong: Mask, must: str) -> NoReturn:
    copy, agent, *_ = np.argwhere(wrong)[0]
    raise InvalidAction(
        f"an action of {group.agents[agent]} must be {must}, got {actions[copy, agent]} "
        f"in row {copy}; {int(wrong.sum())} entries are outside"
    )
