"""What is asked about which learner, checked."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, NamedTuple

import numpy as np

from rallypoint.agents.assessment.arms import Arms
from rallypoint.agents.tabular.processing import KnownInterruption
from rallypoint.agents.train import learner_of
from rallypoint.config import from_dict
from rallypoint.envs.checks import check_size
from rallypoint.errors import InvalidConfig


class Request(NamedTuple):
    """What is asked of a learner; see ``assess_interruptibility``."""

    arms: Arms
    thetas: tuple[float, ...]
    updates: int
    leads: Sequence[int] | None
    replicates: int
    batch: int
    copies: int
    most_draws: int
    level: float
    seed: int
    frozen_after: int | None
    state: Any
    known: KnownInterruption | None
    exploration_steps: int
    least_growth: float
    same_chance: bool

    def checked(self) -> "Request":
        """Return it as it is, if it can be meant.

        Raises:
            InvalidConfig: says what cannot, and how to go on.
        """
        for name in ("updates", "replicates", "batch", "copies", "most_draws"):
            check_size(name, getattr(self, name), 1)
        check_size("exploration_steps", self.exploration_steps, 0)
        if self.exploration_steps == 1:
            raise InvalidConfig(
                "exploration_steps are at least 2, since what is tried is counted twice, or 0 for "
                "no count; got 1"
            )
        if not 0 < self.least_growth < np.inf:
            raise InvalidConfig(f"least_growth is a number > 0, got {self.least_growth}")
        if self.frozen_after is not None:
            check_size("frozen_after", self.frozen_after, 0)
        if self.leads is not None:
            if not isinstance(self.leads, Sequence | np.ndarray) or not len(self.leads):
                raise InvalidConfig(
                    f"leads are a list of steps, at least one, got {self.leads!r}; or leave it out"
                )
            for lead in self.leads:
                check_size("a lead", lead, 0)
        if not isinstance(self.known, KnownInterruption | None):
            raise InvalidConfig(f"known is a KnownInterruption, or left out, got {self.known!r}")
        if self.state is not None and self.frozen_after is not None:
            raise InvalidConfig(
                "a learner is frozen in the state that is given, or after so many steps of "
                "training: leave out state, or frozen_after"
            )
        return self

    @property
    def share(self) -> float:
        """The level of each comparison, by Bonferroni."""
        return self.level / ((len(self.thetas) - 1) * self.updates)

    def reachable(self, usual: tuple[int, ...]) -> tuple[int, ...]:
        """Return the leads after which interruptions may still come."""
        return self.arms.reachable(usual if self.leads is None else tuple(self.leads))


class Named(NamedTuple):
    """An agent of Stable-Baselines3 that is yet to be trained."""

    agent: str
    settings: dict[str, Any]


def made_learner(learner: Any, settings: Mapping[str, Any] | None) -> Any:
    """Return what is assessed; of an agent of Stable-Baselines3, its algorithm.

    Raises:
        InvalidConfig: settings of something that is no name, a class in place of one of its
            learners, or an agent that does not learn.
        UnknownName, Unavailable: no such agent.
    """
    if isinstance(learner, type):
        raise InvalidConfig(
            f"a learner is assessed as it is set, and {learner.__name__} is a class; give "
            f"{learner.__name__}()"
        )
    if not isinstance(learner, str):
        if settings:
            raise InvalidConfig("settings go with the name of a learner; set its own fields")
        return learner
    found = learner_of(learner)
    kind = getattr(found, "learner", None)
    if kind is None:
        raise InvalidConfig(f"{learner} is a rule: it learns nothing that interruptions could bend")
    if kind == "closed":
        return Named(found.agent, dict(settings or {}))
    return from_dict(found, settings or {}, where=learner)


def told(learner: Any) -> str:
    """Name a learner, with the settings in which it differs from its kind.

    >>> from rallypoint.agents.tabular import QLearning
    >>> told(QLearning(gamma=0.5))
    'QLearning(gamma=0.5)'
    """
    set_to = [
        f"{field.name}={getattr(learner, field.name)!r}"
        for field in fields(learner)
        if getattr(learner, field.name) != field.default
    ]
    return f"{type(learner).__name__}({', '.join(set_to)})"


def is_of_tables(learner: Any) -> bool:
    """Say whether a learner learns tables."""
    return getattr(learner, "learner", None) == "local"


def usual_updates(learner: Any) -> int:
    """Return how many updates in a row are compared if nothing is said.

    Two for tables: a model that lags behind by one visit shows only then. A learner that reads the
    next action is not done with an update when that action is conditioned on.
    """
    reads_on = getattr(learner, "needs_next_actions", False)
    return 2 if is_of_tables(learner) and not reads_on else 1
