"""Wrong observation: agents see something else."""

import copy
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from rallypoint.batch_env import Array, BatchEnv, Group, Mask
from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig, did_you_mean
from rallypoint.safety.cells import among, gathered
from rallypoint.safety.concerned import groups_concerned
from rallypoint.safety.enforcement.proposals import inside
from rallypoint.safety.known import Known
from rallypoint.safety.threats import Proposal, Site, State, Threat, register

SWAP, ZEROS, FREEZE = "swap", "zeros", "freeze"
KNOWLEDGE_BY_MODE = {SWAP: ("percepts",), ZEROS: (), FREEZE: ("own_percept",)}
_DOES = {
    SWAP: "the agent sees what another agent of its group sees, drawn anew at every step",
    ZEROS: "the agent sees nothing but zeros",
    FREEZE: "the agent goes on seeing what it saw at the first step at which this may touch it",
}


@register
@dataclass(frozen=True, kw_only=True)
class WrongObservation(Threat):
    """Agents see what another one sees, or nothing, or always the same.

    In mode "swap" another agent of the same group and copy lends its percept, the dead too, as the
    world shows it to them. In mode "freeze" the first percept that might be touched is true, and
    shown from then on until the copy is reset. Knowledge follows from the mode: ``percepts`` of
    the group for "swap", ``own_percept`` for "freeze", none for "zeros".

    Source: stuck and dead sensors, as in the fault taxonomy of Ni et al. (2009), "Sensor Network
    Data Fault Types", ACM Trans. Sensor Networks 5(3).
    """

    kind: ClassVar[str] = "wrong_observation"
    site: ClassVar[Site] = "observation"

    mode: str = SWAP  # or "zeros" or "freeze"

    _size: ClassVar[int] = 0  # of the largest percept, of an instance that was fitted to a world

    def __post_init__(self) -> None:
        """Bring settings into their checked form.

        Raises:
            InvalidConfig: says what cannot be meant.
        """
        if self.mode not in KNOWLEDGE_BY_MODE:
            raise InvalidConfig(
                f"no mode is called {self.mode!r}{did_you_mean(self.mode, KNOWLEDGE_BY_MODE)}"
            )
        needed = KNOWLEDGE_BY_MODE[self.mode]
        if not self.knowledge:
            object.__setattr__(self, "knowledge", needed)
        super().__post_init__()
        if not set(needed) <= set(self.knowledge):
            raise InvalidConfig(
                f"mode = {self.mode!r} cannot do without the knowledge of {needed[0]}; "
                f"declare knowledge = {sorted({*needed, *self.knowledge})}"
            )

    def fit(self, env: BatchEnv) -> "WrongObservation":
        """Return it with the room it needs; see ``Threat.fit``.

        Raises:
            InvalidConfig: there is nobody to swap with, or zeros are nothing that can be seen.
        """
        for group in groups_concerned(self, env):
            self._refuse_impossible(group)
        fitted = copy.copy(self)
        sizes = [_entries(group) for group in env.groups] if self.mode == FREEZE else [0]
        object.__setattr__(fitted, "_size", max(sizes))
        return fitted

    def init(self, E: int, N: int) -> State:
        """Return that nothing was seen yet."""
        if self.mode != FREEZE:
            return {}
        return {"seen": np.zeros((E, N, self._size)), "is_frozen": np.zeros((E, N), dtype=bool)}

    @property
    def chance(self) -> float | None:
        """Every opportunity is taken."""
        return 1.0

    @property
    def skips_first(self) -> bool:
        """What is shown on must have been seen."""
        return self.mode == FREEZE

    @property
    def is_steady(self) -> bool:
        """Zeros are always the same."""
        return self.mode == ZEROS

    def in_words(self) -> dict[str, str]:
        """Say what is seen."""
        return {"does": _DOES[self.mode]}

    def apply(self, state: State, known: Known, draws: Draws) -> tuple[Proposal, State]:
        """Show something else."""
        if self.mode == FREEZE:
            return self._frozen(state, known)
        where = known.affordable
        if self.mode == SWAP:
            return Proposal(where, _of_another(known.percepts, where, draws)), state
        space: Any = known.group.observation_space
        shape = (int(np.count_nonzero(where)), *space.shape)
        return Proposal(where, np.zeros(shape, dtype=space.dtype)), state

    def _frozen(self, state: State, known: Known) -> tuple[Proposal, State]:
        cells, is_frozen, seen = known.opportunities, state["is_frozen"], state["seen"]
        percepts = known.few("own_percept")  # (k, …)
        entries = _entries(known.group)
        where = known.afford(cells & is_frozen)
        # Numbers of every type of observation are whole in float64, up to 2**53.
        shown = gathered(seen, where)[:, :entries].astype(percepts.dtype)
        proposal = Proposal(where, shown.reshape(-1, *percepts.shape[1:]))
        begins = cells & ~is_frozen
        if not begins.any():
            return proposal, state
        seen = seen.copy()
        now = among(percepts, cells, begins)
        seen[..., :entries][begins] = now.reshape(len(now), entries)
        return proposal, {"seen": seen, "is_frozen": is_frozen | begins}

    def _refuse_impossible(self, group: Group) -> None:
        space: Any = group.observation_space
        if self.mode == SWAP and len(group.agents) < 2:
            raise InvalidConfig(
                f"{group.agents[0]} is alone in its group, so there is nobody to swap with; modes "
                f"{ZEROS!r} and {FREEZE!r} need nobody"
            )
        nothing = np.zeros((1, 1, *space.shape), dtype=space.dtype)
        if self.mode == ZEROS and not inside(space, nothing).all():
            raise InvalidConfig(f"group {group.name!r} sees {space}, in which there are no zeros")


def _of_another(percepts: Array, where: Mask, draws: Draws) -> Array:
    """Show agents what another one sees, all equally likely; alone, what it sees itself."""
    num_agents = percepts.shape[1]
    further = 1 + (draws.at(where) * max(num_agents - 1, 1)).astype(np.int64)
    copies, agents = where.nonzero()
    shown: Array = percepts[copies, (agents + further) % max(num_agents, 1)]
    return shown


def _entries(group: Group) -> int:
    return int(np.prod(group.observation_space.shape or ()))
