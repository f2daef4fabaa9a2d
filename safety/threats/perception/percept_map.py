"""A fixed map: agents see always the same in the place of the same."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import numpy as np
from gymnasium.spaces import Discrete

from rallypoint.batch_env import Array, BatchEnv
from rallypoint.config import keep_plain
from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig
from rallypoint.safety.concerned import groups_concerned
from rallypoint.safety.known import Known
from rallypoint.safety.limits import NO_LIMIT, Spend
from rallypoint.safety.threats import Proposal, State, register
from rallypoint.safety.threats.perception import PerceptionThreat

Of = Literal["percept", "state"]


@register
@dataclass(frozen=True, kw_only=True)
class PerceptMap(PerceptionThreat):
    """Agents that see one number of a few see another one in its place, always the same.

    Two percepts are swapped with ``swap``, some replaced with ``shows``, or all with a ``table``,
    by what is seen or by the number of the true state. A table is what the exact optimal adversary
    of a tabular world is (``rallypoint.safety.perception.optimal``).

    Source: the fixed maps of an adversary of perception in Aslund, El Mhamdi, Guerraoui & Maurer
    (2018), "Virtuously Safe Reinforcement Learning", arXiv:1805.11447, in our words: its body could
    not be read.
    """

    kind: ClassVar[str] = "percept_map"
    takes_all: ClassVar[bool] = False  # numbers that it does not map are told

    knowledge: tuple[str, ...] = ()  # follows from `of`, if it is not given
    budget: Spend = NO_LIMIT
    swap: tuple[int, int] | None = None  # each is seen in the place of the other
    shows: tuple[tuple[int, int], ...] = ()  # pairs: what is true, and what is seen instead
    table: tuple[int, ...] = ()  # what is seen instead of every number, from the first on
    of: Of = "percept"  # that table is of: percepts, or true states

    def __post_init__(self) -> None:
        """Bring settings into their checked form.

        Raises:
            InvalidConfig: says what cannot be meant.
        """
        keep_plain(self, "shows", "table", "swap")
        needed = ("own_percept", *(("true_state",) if self.of == "state" else ()))
        if not self.knowledge:
            object.__setattr__(self, "knowledge", needed)
        super().__post_init__()
        if lacking := set(needed) - set(self.knowledge):
            raise InvalidConfig(f"percept_map of states cannot do without {', '.join(lacking)}")
        ways = [bool(self.swap), bool(self.shows), bool(self.table)]
        if sum(ways) > 1:
            raise InvalidConfig("a map is a swap, some pairs that it shows, or a table; give one")
        if self.of == "state" and not self.table:
            raise InvalidConfig("a map of true states is a table")
        if self.swap is not None and len(self.swap) != 2:
            raise InvalidConfig(f"a swap is of two percepts, got {self.swap}")

    def fit(self, env: BatchEnv) -> Self:
        """Return itself; see ``Threat.fit``.

        Raises:
            InvalidConfig: what agents see is no number of a few, or not one that is named.
        """
        if not (self.swap or self.shows or self.table):
            return self
        for group in groups_concerned(self, env):
            space: Any = group.observation_space
            if not isinstance(space, Discrete):
                raise InvalidConfig(
                    f"percept_map shows other numbers, and group {group.name!r} sees {space}; "
                    'wrong_observation with mode = "swap" or "freeze" needs none'
                )
            first, last = int(space.start), int(space.start + space.n) - 1
            named = [*(self.swap or ()), *self.table, *(n for pair in self.shows for n in pair)]
            if wrong := [number for number in named if not first <= number <= last]:
                raise InvalidConfig(
                    f"group {group.name!r} sees numbers in {first}..{last}, not {wrong[0]}"
                )
            if self.table and self.of == "percept" and len(self.table) != int(space.n):
                raise InvalidConfig(
                    f"a table of percepts has {int(space.n)} entries for group {group.name!r}, got "
                    f"{len(self.table)}"
                )
        return self

    def in_words(self) -> dict[str, str]:
        """Say what is shown."""
        if self.swap is not None:
            return {"does": f"the agent sees {self.swap[0]} for {self.swap[1]}, and the reverse"}
        if not (self.shows or self.table):
            return {"does": "nothing, without a map; give a swap, pairs that it shows, or a table"}
        return super().in_words()

    def apply(self, state: State, known: Known, draws: Draws) -> tuple[Proposal, State]:
        """Show what the map has."""
        truths = known.own_percept
        space: Any = known.group.observation_space
        if not self._maps(space):
            return Proposal(np.zeros_like(known.affordable), truths), state
        if self.of == "state":
            states = np.asarray(known.true_state)
            if int(states.max(initial=0)) >= len(self.table):
                raise InvalidConfig(
                    f"the table has {len(self.table)} states, and the world is in number "
                    f"{int(states.max())}; compute it for this world"
                )
            seen = np.asarray(self.table)[states].reshape(len(truths), -1)
            lies = np.broadcast_to(seen, truths.shape).astype(truths.dtype)
        else:
            lies = self.shown_for(truths, space)
        where = self.picked(known, known.affordable & (lies != truths), draws, None)
        return Proposal(where, lies), state

    def shown_for(self, percepts: Array, space: Any) -> Array:
        """Return what a map of percepts has in their places."""
        if not self._maps(space):
            return percepts
        shown: Array = self._percepts(space)[percepts - int(space.start)].astype(percepts.dtype)
        return shown

    def _maps(self, space: Any) -> bool:
        return isinstance(space, Discrete) and bool(self.swap or self.shows or self.table)

    def _percepts(self, space: Any) -> Any:
        """Return what is shown for each number: (P,)."""
        if self.table:
            return np.asarray(self.table)
        shown = np.arange(int(space.n)) + int(space.start)
        pairs = (
            self.shows or ((self.swap[0], self.swap[1]), self.swap[::-1])
            if self.swap
            else self.shows
        )
        for true, seen in pairs:
            shown[true - int(space.start)] = seen
        return shown
