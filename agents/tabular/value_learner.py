"""What learners of action values share: what they remember of the past, acting, and ends."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Generic, Literal, NamedTuple, Protocol, TypeVar

import numpy as np

from rallypoint.agents.tabular.exploration import Clock, Exploration
from rallypoint.agents.tabular.transition import ALL, Rows, Transition
from rallypoint.config import check_within
from rallypoint.draws import Draws, Floats, Integers, Mask
from rallypoint.errors import InvalidConfig

_UNCOUNTED: Integers = np.ones((1, 1), dtype=np.int64)


class Past(NamedTuple):
    """What every learner counts."""

    owners: Integers  # (E, N) first row of each agent's table among all rows
    num_actions: Integers  # (N,)
    visits: Integers  # (E, N, S) how often an agent acted on a percept, where that matters
    steps: Integers  # (E,)
    episodes: Integers  # (E,) finished ones
    seen: Integers  # (E, N) steps that were there to learn from
    kept: Floats  # (E, N) the sum of the weights that they were learned from with
    squares: Floats  # (E, N) the sum of those weights' squares

    @classmethod
    def empty(
        cls, num_copies: int, num_agents: int, num_states: int, num_actions: int | Integers
    ) -> "Past":
        """Nothing has happened."""
        team = (num_copies, num_agents)
        owners = np.arange(0, num_copies * num_agents * num_states, num_states)
        return cls(
            owners=owners.reshape(team),
            num_actions=np.broadcast_to(num_actions, (num_agents,)).astype(np.int64),
            visits=np.zeros((*team, num_states), dtype=np.int64),
            steps=np.zeros(num_copies, dtype=np.int64),
            episodes=np.zeros(num_copies, dtype=np.int64),
            seen=np.zeros(team, dtype=np.int64),
            kept=np.zeros(team),
            squares=np.zeros(team),
        )

    @property
    def legal(self) -> Mask:
        """Which of the widest table's actions each agent has: (N, A)."""
        legal: Mask = np.arange(self.num_actions.max()) < self.num_actions[:, None]
        return legal


class _Remembers(Protocol):
    @property
    def past(self) -> Past: ...


Memory = TypeVar("Memory", bound=_Remembers)


@dataclass(frozen=True, kw_only=True)
class ValueLearner(Exploration, ABC, Generic[Memory]):
    """Acts by values, and moves them towards targets."""

    learner: ClassVar[str] = "local"
    needs_next_actions: ClassVar[bool] = False

    alpha: float | Literal["mean"] = 0.1  # step size; "mean": an entry is its samples' mean
    gamma: float = 0.95  # discount
    initial: float = 0.0  # of every entry; optimistic if above what can be earned
    time_limit: Literal["bootstrap", "terminal"] = "bootstrap"  # what a truncation is to targets
    min_kept_share: float = 0.001  # of the steps: with less, there is nothing to say

    def __post_init__(self) -> None:
        """Refuse rates that are no probabilities."""
        super().__post_init__()
        if not isinstance(self.alpha, str) and not 0 <= self.alpha <= 1:
            raise InvalidConfig(f'alpha lies in [0, 1], or is "mean", got {self.alpha}')
        check_within(self, "[0, 1]", "gamma", "min_kept_share")
        if not np.isfinite(self.initial):
            raise InvalidConfig(f"initial is a finite number, got {self.initial}")

    @abstractmethod
    def _values_at(self, state: Memory, rows: Integers) -> Floats:
        """Return the values of each action in some rows of all tables: (…) -> (…, A)."""

    @abstractmethod
    def values(self, state: Memory) -> Floats:
        """Return the tables that the greedy policy reads: (E, N, S, A), -inf for no action."""

    @property
    def needs_odds(self) -> bool:
        """Whether it must be told how likely what was done is."""
        return False

    @property
    def needs_second_draws(self) -> bool:
        """Whether teammates must draw a second time from their policies, for nobody to act on."""
        return False

    @property
    def proposes_at_truncation(self) -> bool:
        """Whether it matters what would have been done after the time limit."""
        return self.needs_next_actions and self.time_limit == "bootstrap"

    def draws(self, seed: int, copies: Integers, ahead: int = 64) -> Draws:
        """Open the streams that it explores by; all learners of this kind share their numbers."""
        return Draws(seed, "tabular/explore", copies, ahead=ahead)

    def act(self, state: Memory, percepts: Integers, draws: Draws, rows: Rows = ALL) -> Integers:
        """Choose: (E', N) for the percepts (E', N) of some copies, with those copies' draws."""
        at = state.past.owners[rows] + percepts
        return self.choose(self._values_at(state, at), self._clock(state.past, at, rows), draws)

    def policy(self, state: Memory, percepts: Integers) -> Floats:
        """Return the probabilities by which ``act`` chooses: (E, N, A)."""
        at = state.past.owners + percepts
        return self.probabilities(self._values_at(state, at), self._clock(state.past, at, ALL))

    def visit(self, state: Memory, percepts: Integers, present: Mask) -> Memory:
        """Count that these agents (E, N) have acted on these percepts (E, N)."""
        if self.counts_visits:
            state.past.visits.reshape(-1)[state.past.owners + percepts] += present
        np.add(state.past.steps, 1, out=state.past.steps)
        return state

    def end_episode(self, state: Memory, ended: Mask) -> Memory:
        """Close the episodes of these copies (E,), once all their steps are learned from."""
        np.add(state.past.episodes, ended, out=state.past.episodes)
        return state

    def kept_share(self, state: Memory) -> Floats:
        """Return how much was learned from, of what there was: (E, N).

        With weights, as many steps as would tell as much if each counted fully (Kish's effective
        sample size); where all weights are 0 or 1, the share of kept steps.
        """
        past = state.past
        whole = np.divide(past.kept**2, past.squares, out=past.kept * 0, where=past.squares > 0)
        share: Floats = whole / np.maximum(past.seen, 1)
        return share

    def has_enough(self, state: Memory) -> Mask:
        """Say whose tables rest on at least the declared share of the steps: (E, N)."""
        enough: Mask = self.kept_share(state) >= self.min_kept_share
        return enough

    def _clock(self, past: Past, at: Integers, rows: Rows) -> Clock:
        visits = past.visits.reshape(-1).take(at) + 1 if self.counts_visits else _UNCOUNTED
        return Clock(past.steps[rows], past.episodes[rows], visits, past.num_actions)

    def _move(
        self,
        values: Floats,
        totals: Floats,
        entries: Integers,
        targets: Floats,
        weights: Mask | Floats,
    ) -> None:
        """Move entries (E, N) of all values towards targets, by step sizes times weights."""
        if self.alpha == "mean":
            total = totals.take(entries) + weights
            totals[entries] = total
            step_sizes = np.divide(weights, total, out=np.zeros(total.shape), where=total > 0)
        else:
            step_sizes = np.minimum(self.alpha * weights, 1.0)
        before = values.take(entries)
        values[entries] = before + step_sizes * (targets - before)

    def _tally(self, past: Past, present: Mask, weights: Mask | Floats) -> None:
        np.add(past.seen, present, out=past.seen)
        np.add(past.kept, weights, out=past.kept)
        squares = weights if weights.dtype == bool else weights**2
        np.add(past.squares, squares, out=past.squares)

    def _discounted(self, transition: Transition, to_come: Floats) -> Floats:
        """Return the rewards and what is to come after them, where something is: (E, N)."""
        stops = transition.terminated
        if self.time_limit == "terminal":
            stops = stops | transition.truncated
        if np.count_nonzero(stops):
            to_come = np.where(stops, 0, to_come)
        targets: Floats = transition.rewards + self.gamma * to_come
        return targets
