"""Whom a threat may touch, when, and how much: the part of a threat that the frame enforces."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from rallypoint.config import Config, as_tuples, from_dict, keep_plain
from rallypoint.errors import InvalidConfig
from rallypoint.kinds import IN_OTHER_FORMS
from rallypoint.safety.perception.reach import Reach

Mask = NDArray[np.bool_]
Limit = TypeVar("Limit")


@dataclass(frozen=True, kw_only=True)
class Share(Config):
    """So many of the agents, drawn anew in every copy and episode.

    >>> Share(fraction=0.9).of(100)
    90
    """

    fraction: float | None = None  # of all N agents; the nearest whole number, halves up
    count: int | None = None  # agents
    counts: tuple[int, ...] | None = None  # one of these, drawn like the agents; one of the three

    def __post_init__(self) -> None:
        keep_plain(self, "counts")
        if sum(given is not None for given in (self.fraction, self.count, self.counts)) != 1:
            raise InvalidConfig("a share is a fraction, a count or counts, one of the three")
        if self.counts is not None and min(self.counts, default=-1) < 0:
            raise InvalidConfig(f"counts are whole numbers >= 0 of agents, got {self.counts!r}")
        if self.fraction is not None and not 0 <= self.fraction <= 1:
            raise InvalidConfig(f"a fraction of the agents lies in [0, 1], got {self.fraction!r}")
        if self.count is not None and self.count < 0:
            raise InvalidConfig(f"a count of agents is a whole number >= 0, got {self.count!r}")

    def of(self, num_agents: int) -> int:
        """Return how many of N agents that is; of several counts, the most.

        Raises:
            InvalidConfig: more than there are, or a fraction so small that it is nobody.
        """
        if self.counts is not None:
            return Share(count=max(self.counts)).of(num_agents)
        if self.count is not None:
            if self.count > num_agents:
                raise InvalidConfig(f"count = {self.count} of {num_agents} agents is too many")
            return self.count
        fraction = float(self.fraction or 0.0)
        agents = int(fraction * num_agents + 0.5 + 1e-9)  # 0.29 * 50 falls just short of 14.5
        if fraction and not agents:
            raise InvalidConfig(
                f"fraction = {fraction} of {num_agents} agents is nobody; give a count, "
                "or fraction = 0 for a threat to none"
            )
        return agents


@dataclass(frozen=True, kw_only=True)
class Byzantine(Config):
    """Who lies, in the world and in the updates."""

    count: int | None = None  # agents, drawn in every copy and episode
    fraction: float | None = None  # likewise, as a share of all
    members: tuple[str | int, ...] | None = None  # always these, by name or index

    def __post_init__(self) -> None:
        keep_plain(self, "members")
        if sum(given is not None for given in (self.count, self.fraction, self.members)) != 1:
            raise InvalidConfig("byzantine has a count, a fraction or members, one of the three")
        _ = self.victims

    @property
    def victims(self) -> "Victims":
        """The Byzantine, as a threat names its victims."""
        if self.members is not None:
            return as_victims(self.members)
        return Share(count=self.count, fraction=self.fraction)


@dataclass(frozen=True, kw_only=True)
class Schedule(Config):
    """When a threat may act, in steps since the copy's reset.

    Step k is the moment at which k steps have been taken: 0 is the reset itself.
    """

    from_: int = 0  # first step; the key in files, and in dicts, is `from`
    until: int | None = None  # the first step that is too late, as in range()
    every: int = 1  # steps from one occasion to the next, counted from the first
    probability: float = 1.0  # of each agent at each occasion, on its own coin

    def __post_init__(self) -> None:
        keep_plain(self)
        if self.from_ < 0:
            raise InvalidConfig(f"from is a step >= 0, got {self.from_!r}")
        if self.until is not None and self.until <= self.from_:
            raise InvalidConfig(
                f"until is the first step that is too late, so it lies after from = {self.from_}; "
                f"got {self.until!r}"
            )
        if self.every < 1:
            raise InvalidConfig(f"every is a number of steps >= 1, got {self.every!r}")
        if not 0 <= self.probability <= 1:
            raise InvalidConfig(f"probability lies in [0, 1], got {self.probability!r}")

    def due(self, time: NDArray[np.int64]) -> Mask:
        """Return where a step is an occasion; coins aside."""
        due: Mask = time >= self.from_
        if self.until is not None:
            due &= time < self.until
        if self.every > 1:
            due &= (time - self.from_) % self.every == 0
        return due


@dataclass(frozen=True, kw_only=True)
class Budget(Config):
    """How much a threat may do; None is no limit."""

    steps_per_episode: int | None = None  # agent-steps that each victim may be touched
    agents: int | None = None  # distinct agents that may be touched, per copy and episode
    rounds: int | None = None  # of updates: in how many each victim may lie
    norm: float | None = None  # of updates: longest lie; longer ones are cut to it
    reach: Annotated[Reach | None, IN_OTHER_FORMS] = (
        None  # of percepts: how large lies may be; larger ones are cut to it
    )

    def __post_init__(self) -> None:
        keep_plain(self)
        if isinstance(self.reach, Mapping):
            object.__setattr__(self, "reach", from_dict(Reach, self.reach, where="budget.reach"))
        if self.norm is not None and not 0 < self.norm < float("inf"):
            raise InvalidConfig(f"norm is a finite length > 0, or None, got {self.norm!r}")
        for name in ("steps_per_episode", "agents", "rounds"):
            value = getattr(self, name)
            if value is not None and value < 0:
                raise InvalidConfig(f"{name} is a whole number >= 0, or None, got {value!r}")


EVERY_STEP = Schedule()
NO_LIMIT = Budget()

# What is given and what is kept differ: a threat's constructor takes the plain form of files too,
# and makes it the checked one. At run time the hints name what is kept, for reading files.
if TYPE_CHECKING:
    Victims = str | Sequence[str | int] | Share | Mapping[str, Any]
    When = Schedule | Mapping[str, Any]
    Spend = Budget | Mapping[str, Any]
else:
    Victims = Annotated[str | tuple[str | int, ...] | Share, IN_OTHER_FORMS]
    When = Annotated[Schedule, IN_OTHER_FORMS]
    Spend = Annotated[Budget, IN_OTHER_FORMS]


def as_victims(given: Victims) -> str | tuple[str | int, ...] | Share:
    """Return the checked form of victims: "all", "byzantine", names and indices, or a share.

    >>> as_victims({"fraction": 0.2})
    Share(fraction=0.2, count=None, counts=None)
    """
    if isinstance(given, Share) or (isinstance(given, str) and given in {"all", "byzantine"}):
        return given
    if isinstance(given, Mapping):
        return from_dict(Share, given, where="victims")
    agents = as_tuples(given)
    if isinstance(agents, tuple) and all(isinstance(a, str) or _is_index(a) for a in agents):
        return agents
    raise InvalidConfig(
        'victims are "all", "byzantine", a list of agents\' names or indices, {fraction = …} or '
        f"{{count = …}}, got {given!r}"
    )


def _is_index(agent: Any) -> bool:
    return isinstance(agent, int) and not isinstance(agent, bool) and agent >= 0


def as_schedule(given: When) -> Schedule:
    """Return the checked form of a schedule."""
    return _as(Schedule, given, "when", "{from = 5}")


def as_budget(given: Spend) -> Budget:
    """Return the checked form of a budget."""
    return _as(Budget, given, "budget", "{steps_per_episode = 10}")


def _as(kind: type[Limit], given: Any, key: str, example: str) -> Limit:
    if isinstance(given, kind):
        return given
    if isinstance(given, Mapping):
        return from_dict(kind, given, where=key)
    raise InvalidConfig(f"{key} is a {kind.__name__}, or a table such as {example}, got {given!r}")
