"""A learner of tables as it stands, in as many copies as are needed, and how updates change it."""

from typing import Any, NamedTuple

import numpy as np

from rallypoint.agents.tabular.careful import CarefulState
from rallypoint.agents.tabular.columns import Columns
from rallypoint.agents.tabular.joint_q_learning import JointState
from rallypoint.agents.tabular.processing import KnownInterruption, Processing, weights
from rallypoint.agents.tabular.transition import TabularLearner, Transition
from rallypoint.draws import Floats, Integers, Mask, stream
from rallypoint.errors import InvalidConfig

_ROOM = 1 << 26  # bytes of all copies' memories


class FrozenTables(NamedTuple):
    """A learner, and what one team of it remembered when it was frozen."""

    learner: TabularLearner[Any]
    state: Any  # of one copy
    columns: Columns
    num_states: int
    horizon: int | None

    @property
    def num_agents(self) -> int:
        """N."""
        return self.columns.num_agents

    def spread(self, num_copies: int) -> Any:
        """Return the memory of so many copies of the team.

        What the team has not changed since its start is as a start has it, since some of that
        numbers the copies; the rest is repeated.

        Raises:
            InvalidConfig: the memory is not kept copy by copy.
        """
        fresh = self.fresh(1)
        try:
            return _spread(self.state, fresh, self.fresh(num_copies))
        except ValueError as error:
            raise InvalidConfig(
                f"{type(self.learner).__name__} cannot be frozen: what it remembers is not kept "
                "copy by copy, so that one update cannot be tried again and again from one state"
            ) from error

    def copies(self, at_most: int) -> int:
        """Return how many copies there is room for."""
        of_one = _size(self.fresh(1))
        return int(np.clip(_ROOM // max(of_one, 1), 16, at_most))

    def changes(self, before: Any, after: Any, agent: int, seed: int) -> Floats:
        """Sum up in one number how each copy's memory of one agent has changed: (E,).

        Equal changes give equal numbers, and different ones different numbers but for coincidence:
        it is a weighted sum, whose weights were drawn once. With one changed entry it is the change
        of that entry, times a factor around 1.
        """
        total = np.zeros(len(_remembered(self.learner, before)[0]))
        pairs = zip(
            _remembered(self.learner, before), _remembered(self.learner, after), strict=True
        )
        for index, (old, new) in enumerate(pairs):
            one, other = old[:, agent], new[:, agent]
            differs = one != other
            rows = differs.any(axis=tuple(range(2, differs.ndim))).any(axis=0)  # (S,) any copy's
            one, other, differs = one[:, rows], other[:, rows], differs[:, rows]
            moved = np.subtract(other, one, out=np.zeros_like(one), where=differs)
            factors = stream(seed, "assessment/weights", index).uniform(0.5, 1.5, old.shape[2:])
            total += moved.reshape(len(moved), -1) @ factors[rows].ravel()
        return total

    def cells(self, transition: Transition, agent: int) -> Integers:
        """Number what an update is conditioned on: the percept, and the own or joint action."""
        counts = self.columns.num_actions
        if self.is_joint:
            actions = np.where(transition.present, transition.executed, 0)
            strides = np.append(np.cumprod(counts[::-1])[::-1][1:], 1)
            joint: Integers = transition.percepts[:, agent] * int(counts.prod()) + actions @ strides
            return joint
        own = self.own_actions(transition)[:, agent]
        return transition.percepts[:, agent] * int(counts.max()) + own

    def own_actions(self, transition: Transition) -> Integers:
        """Return the actions that the learner books: (E, N)."""
        # Who knows nothing of interruptions books what was proposed.
        is_executed = getattr(self.learner, "key", "proposed") == "executed"
        return transition.executed if is_executed else transition.proposed

    @property
    def num_cells(self) -> int:
        """How many numbers there are for one agent."""
        counts = self.columns.num_actions
        return self.num_states * int(counts.prod() if self.is_joint else counts.max())

    @property
    def is_joint(self) -> bool:
        """Whether it learns what joint actions are worth."""
        return isinstance(self.state, JointState)

    def kept(self, transition: Transition) -> Mask:
        """Say whose step is learned from: (E, N)."""
        processing: Processing = getattr(self.learner, "processing", "none")
        kept: Mask = weights(processing, transition) > 0
        return kept

    def fresh(self, num_copies: int = 1) -> Any:
        """Return what a team remembers at its start."""
        return self.learner.init(
            num_copies,
            self.num_agents,
            self.num_states,
            self.columns.num_actions,
            self.horizon,
        )


def check_local(learner: Any, known: KnownInterruption | None, updates: int = 1) -> None:
    """Refuse learners of tables of whom one step, or several in a row, cannot be asked.

    Raises:
        InvalidConfig: says why.
    """
    name = type(learner).__name__
    if not hasattr(learner, "init"):  # of a memory that one step at a time changes
        raise InvalidConfig(
            f"{name} cannot be frozen for a step: it learns from many whole episodes at once; "
            "assess a learner of action values"
        )
    if getattr(learner, "processing", None) == "drop_episode":
        raise InvalidConfig(
            "drop_episode decides at the end of an episode what is learned, and one or two steps "
            "are assessed; its bias shows in bad-or-good-v0"
        )
    if getattr(learner, "needs_odds", False) and known is None:
        raise InvalidConfig(
            "importance weights need to know how agents are interrupted: give "
            "known=KnownInterruption(…), with the probabilities at theta"
        )

    if getattr(learner, "needs_next_actions", False) and updates > 1:
        raise InvalidConfig(
            f"{name} reads the next action before it has learned from a step; given what is then "
            "executed its update depends on theta, even if it is of the safe kind; compare one "
            "update (updates = 1)"
        )


def _spread(state: Any, fresh: Any, many: Any) -> Any:
    if isinstance(state, tuple):
        parts = zip(state, fresh, many, strict=True)
        return type(state)(*(_spread(*part) for part in parts))
    if not state.size:
        return many.copy()
    spread = np.where(state == fresh, many, state)
    if spread.shape != many.shape:
        raise ValueError(f"{spread.shape} is not {many.shape}")
    return spread


def _size(state: Any) -> int:
    if isinstance(state, tuple):
        return sum(_size(part) for part in state)
    return int(state.nbytes)


def _remembered(learner: TabularLearner[Any], state: Any) -> list[Floats]:
    """Return what it learns into, first axes (E, N, S)."""
    if isinstance(state, JointState):
        return [state.tables, state.model]
    if isinstance(state, CarefulState):
        return [learner.values(state), state.risks]
    return [learner.values(state)]
