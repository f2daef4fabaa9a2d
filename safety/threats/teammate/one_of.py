"""One of several: teammates whose kind of fault is drawn for each episode."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, NamedTuple

import numpy as np

from rallypoint.batch_env import Array, BatchEnv, Mask
from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig
from rallypoint.kinds import IN_OTHER_FORMS
from rallypoint.safety import threats as kinds
from rallypoint.safety.cells import places_of, put
from rallypoint.safety.enforcement.changes import proposed
from rallypoint.safety.enforcement.proposals import Form
from rallypoint.safety.known import Known
from rallypoint.safety.limits import EVERY_STEP, NO_LIMIT
from rallypoint.safety.threats import Proposal, Site, State, Threat, register

SOUND = -1  # the type of who is as it should be, in this episode
_LIMITS = ("victims", "when", "budget", "seed")


class _Part(NamedTuple):
    """One of the types, and where its state is found."""

    threat: Threat
    prefix: str


@register
@dataclass(frozen=True, kw_only=True)
class OneOf(Threat):
    """Each victim is of one type in each episode: some kind of fault, or, by chance, none.

    ``OneOf(types=[{"kind": "stutter"}, {"kind": "anti_goal"}], probability=0.5)`` is a Bayesian
    game between the team and Nature, who draws the types; nobody is told. Types are threats to
    actions without limits of their own: victims, schedule and budget are those of the whole. With
    policies of a population as types (``traitor`` with a folder each) the victims are teammates
    nobody has met before.

    Source: Li, Guo, Xiu, Xu, Yu, Wang, Liu, Yang & Liu (2024), "Byzantine Robust Cooperative
    Multi-Agent Reinforcement Learning as a Bayesian Game", ICLR, arXiv:2305.12872, after Harsanyi
    (1967), Management Science 14(3).
    """

    kind: ClassVar[str] = "one_of"
    site: ClassVar[Site] = "action"

    # As tables of a threat file; from Python also threats themselves.
    types: Annotated[tuple[dict[str, Any], ...], IN_OTHER_FORMS] = ({"kind": "random_action"},)
    weights: tuple[float, ...] | None = None  # how likely each is, in proportion; None: all alike
    probability: float = 1.0  # of being of one of the types at all, in an episode
    shared: bool = False  # whether all victims of a copy are of one type

    _parts: ClassVar[tuple[_Part, ...]] = ()

    def __post_init__(self) -> None:
        """Bring the types into their checked form.

        Raises:
            InvalidConfig, UnknownName: says what cannot be meant.
        """
        tables = tuple(
            table.to_dict() if isinstance(table, Threat) else table for table in self.types
        )
        made = [
            kinds.from_dict(table, where=f"types[{place}]") for place, table in enumerate(tables)
        ]
        _check_types(made, self.site)
        own = tuple({k: v for k, v in dict(t.to_dict()).items() if k not in _LIMITS} for t in made)
        object.__setattr__(self, "types", own)
        self._check_chances(len(made))
        seen = {view for threat in made for view in threat.knowledge}
        object.__setattr__(self, "knowledge", tuple({*self.knowledge, *seen}))
        object.__setattr__(
            self, "_parts", tuple(_Part(t, f"{place}.") for place, t in enumerate(made))
        )
        super().__post_init__()

    def _check_chances(self, num_types: int) -> None:
        if self.weights is not None:
            object.__setattr__(self, "weights", tuple(self.weights))
            whole = sum(self.weights)
            if len(self.weights) != num_types or min(self.weights) < 0 or not 0 < whole < np.inf:
                raise InvalidConfig(
                    f"weights are {num_types} numbers >= 0, not all 0, one for each of the types; "
                    f"got {self.weights}"
                )
        if not 0 <= self.probability <= 1:
            raise InvalidConfig(f"probability lies in [0, 1], got {self.probability}")

    @property
    def chance(self) -> float | None:
        """That of all types, where every victim is of one and they have the same."""
        chances = {part.threat.chance for part in self._parts}
        return chances.pop() if self.probability == 1 and len(chances) == 1 else None

    @property
    def skips_first(self) -> bool:
        """Whether any of the types does."""
        return any(part.threat.skips_first for part in self._parts)

    @property
    def needs(self) -> frozenset[str]:
        """What any of the types needs."""
        return frozenset[str]().union(*(part.threat.needs for part in self._parts))

    def fit(self, env: BatchEnv) -> "OneOf":
        """Return it with every type fitted to the world; see ``Threat.fit``."""
        fitted = copy.copy(self)
        parts = tuple(
            part._replace(threat=replace(part.threat, victims=self.victims).fit(env))
            for part in self._parts
        )
        object.__setattr__(fitted, "_parts", parts)
        return fitted

    def init(self, E: int, N: int) -> State:
        """Return that nobody has a type yet, and what the types remember."""
        state: State = {"type": np.full((E, N), SOUND)}
        for threat, prefix in self._parts:
            state |= {prefix + name: array for name, array in threat.init(E, N).items()}
        return state

    def begin(self, state: State, draws: Draws) -> State:
        """Draw the types of the victims of this episode."""
        num_agents = state["type"].shape[1]
        drawn = draws.random((num_agents,))
        if self.shared:
            drawn = np.repeat(drawn[:, :1], num_agents, axis=1)
        weights = np.ones(len(self._parts)) if self.weights is None else np.array(self.weights)
        ends = self.probability * weights.cumsum() / weights.sum()
        place = (drawn[..., None] >= ends).sum(axis=-1)  # (e, N), past the last for who is sound
        begun = dict(state) | {"type": np.where(place < len(ends), place, SOUND)}
        for threat, prefix in self._parts:
            after = threat.begin(_part_of(state, prefix), draws)
            begun |= {prefix + name: array for name, array in after.items()}
        return begun

    def foretold(self, state: State) -> Mask:
        """Say who is of one of the types in this episode."""
        is_typed: Mask = state["type"] != SOUND
        return is_typed

    def in_words(self) -> dict[str, str]:
        """Say which types there are."""
        words = " | ".join(part.threat.in_words()["does"] for part in self._parts)
        chance = f"with probability {self.probability:g}, " if self.probability < 1 else ""
        return {"does": f"{chance}one of these, drawn for each episode: {words}"}

    def apply(self, state: State, known: Known, draws: Draws) -> tuple[Proposal, State]:
        """Do what each one's type does."""
        where = np.zeros_like(known.opportunities)
        space: Any = known.group.action_space
        values: Array = np.zeros((*where.shape, *space.shape), dtype=space.dtype)
        form = Form.of(self.site, known.group)
        after = dict(state)
        for place, (threat, prefix) in enumerate(self._parts):
            narrowed = known.narrowed(threat, state["type"] == place)
            try:
                proposal, own = threat.apply(_part_of(state, prefix), narrowed, draws)
                # An agent is of one type, so no two of them ask for the same one.
                mine = proposal.where & narrowed.opportunities
                places = places_of(mine)
                label = f"the type {threat.kind!r}"
                said = proposed(label, proposal, form, mine, places, known=narrowed)
            finally:
                known.refused += narrowed.refused
            after |= {prefix + name: array for name, array in own.items()}
            put(values, places, said)
            where = where | mine
        return Proposal(known.afford(where), values), after


def _part_of(state: State, prefix: str) -> State:
    return {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}


def _check_types(made: Sequence[Threat], site: Site) -> None:
    if not made:
        raise InvalidConfig('types are a list of at least one threat, such as [{kind = "stutter"}]')
    for place, threat in enumerate(made):
        if threat.site != site:
            raise InvalidConfig(
                f"types[{place}] ({threat.kind}) stands at site {threat.site!r}, and types are "
                f"threats to actions"
            )
        limits = (threat.victims, threat.when, threat.budget, threat.seed)
        if limits != ("all", EVERY_STEP, NO_LIMIT, None):
            raise InvalidConfig(
                f"types[{place}] ({threat.kind}) has limits of its own; victims, when, budget and "
                "seed belong to the whole"
            )
