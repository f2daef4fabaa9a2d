"""One table per agent, moved by one step's reward and what is to come after it."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from rallypoint.agents.tabular.processing import Processing, weights
from rallypoint.agents.tabular.transition import Transition
from rallypoint.agents.tabular.value_learner import Past, ValueLearner
from rallypoint.draws import Floats, Integers, Mask

Key = Literal["executed", "proposed"]


class Undo(NamedTuple):
    """What a team had learned before its present episode, where it may have to be forgotten."""

    tables: Floats  # (E, N, S, A)
    totals: Floats  # (E, N, S, A)
    kept: Floats  # (E, N)
    squares: Floats  # (E, N)
    is_tainted: Mask  # (E,) somebody was interrupted in this episode


class State(NamedTuple):
    """Everything a team of learners remembers. Arrays are updated in place, never shared."""

    tables: Floats  # (E, N, S, A), -inf for actions that an agent does not have
    totals: Floats  # (E, N, S, A) weights learned from at each entry, where steps are means
    past: Past
    undo: Undo  # of no copies, unless whole episodes are dropped


@dataclass(frozen=True, kw_only=True)
class TemporalDifference(ValueLearner[State]):
    """Each agent moves ``Q(s, u)`` towards ``r + gamma Q'(s')``, on its own.

    The key says which action u is written, and for Sarsa which next one is read: what was
    *executed*, or what the policy had *proposed*. The processing says which steps are learned
    from at all.
    """

    key: Key = "executed"
    processing: Processing = "none"  # what is done with interrupted experience

    @property
    def needs_odds(self) -> bool:
        """Whether steps are weighed."""
        return self.processing == "importance"

    @abstractmethod
    def _to_come(self, state: State, transition: Transition, next_rows: Integers) -> Floats:
        """Return what is expected after the step, from rows of all tables: (E, N)."""

    def init(
        self,
        num_copies: int,
        num_agents: int,
        num_states: int,
        num_actions: int | Integers,
        horizon: int | None = None,
    ) -> State:
        """Start with tables of ``initial``; actions are a number, or one for each agent."""
        del horizon  # nothing is remembered of a step once it is learned from
        past = Past.empty(num_copies, num_agents, num_states, num_actions)
        shape = (num_copies, num_agents, num_states, past.legal.shape[1])
        tables = np.where(past.legal[:, None], float(self.initial), -np.inf)
        tables = np.broadcast_to(tables, shape).copy()
        totals = np.zeros(shape)
        saved = slice(None if self.processing == "drop_episode" else 0)
        undo = Undo(
            tables=tables[saved].copy(),
            totals=totals[saved].copy(),
            kept=past.kept[saved].copy(),
            squares=past.squares[saved].copy(),
            is_tainted=np.zeros(num_copies, dtype=bool)[saved],
        )
        return State(tables, totals, past, undo)

    def learn(self, state: State, transition: Transition) -> State:
        """Learn from one step of every copy."""
        owners, num_actions = state.past.owners, state.tables.shape[-1]
        written = transition.executed if self.key == "executed" else transition.proposed
        entries = (owners + transition.percepts) * num_actions + written
        to_come = self._to_come(state, transition, owners + transition.next_percepts)
        targets = self._discounted(transition, to_come)
        kept = weights(self.processing, transition)
        self._move(state.tables.reshape(-1), state.totals.reshape(-1), entries, targets, kept)
        self._tally(state.past, transition.present, kept)
        if self.processing == "drop_episode":
            interrupted = (transition.interrupted & transition.present).any(axis=1)
            np.logical_or(state.undo.is_tainted, interrupted, out=state.undo.is_tainted)
        return state

    def end_episode(self, state: State, ended: Mask) -> State:
        """Close the episodes of these copies (E,); forget those that are dropped whole."""
        if self.processing == "drop_episode":
            _settle(state, ended)
        return super().end_episode(state, ended)

    def values(self, state: State) -> Floats:
        """Return the tables: (E, N, S, A), -inf for no action.

        Of an episode under way that will be dropped, as they were before it.
        """
        rows = np.flatnonzero(state.undo.is_tainted)
        return _undone(state.tables, state.undo.tables, rows)

    def kept_share(self, state: State) -> Floats:
        """Return how much was learned from, of what there was: (E, N); see ``values``."""
        past, undo, rows = state.past, state.undo, np.flatnonzero(state.undo.is_tainted)
        kept = _undone(past.kept, undo.kept, rows)
        squares = _undone(past.squares, undo.squares, rows)
        return super().kept_share(state._replace(past=past._replace(kept=kept, squares=squares)))

    def _values_at(self, state: State, rows: Integers) -> Floats:
        return state.tables.reshape(-1, state.tables.shape[-1]).take(rows, axis=0)


def _undone(now: Floats, before: Floats, rows: Integers) -> Floats:
    """Return what there is now, and in some rows what there was before."""
    if not len(rows):
        return now
    found = now.copy()
    found[rows] = before[rows]
    return found


def _settle(state: State, ended: Mask) -> None:
    """Undo what was learned in ended episodes with an interruption, and keep the others'.

    Until then an episode is learned from as it goes on. In one that is kept nobody was
    interrupted, so its steps are what they would have been in a world without interruption.
    """
    forgotten, finished = ended & state.undo.is_tainted, ended & ~state.undo.is_tainted
    current = (state.tables, state.totals, state.past.kept, state.past.squares)
    for now, before in zip(current, state.undo, strict=False):
        now[forgotten] = before[forgotten]
        before[finished] = now[finished]
    state.undo.is_tainted[ended] = False
