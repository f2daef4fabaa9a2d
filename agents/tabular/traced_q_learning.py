"""Independent Q-learning with eligibility traces, one table per agent.

Source: El Mhamdi, Guerraoui, Maurer & Tempez (2018), arXiv:1802.07834, as in the fourth author's
ring code of 2016: the experience of an agent since its last non-zero reward is credited when the
next one comes, then forgotten.
"""

import math
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from rallypoint.agents import agents
from rallypoint.agents.tabular.exploration import epsilon_greedy
from rallypoint.agents.tabular.temporal_difference import Key
from rallypoint.agents.tabular.transition import ALL, Rows, Transition
from rallypoint.config import Config, check_within
from rallypoint.draws import Draws, Floats, Integers, Mask
from rallypoint.errors import InvalidConfig

_LEAST_TRACE = 1024  # visits; 811 are all that weigh anything at the usual gamma
_WEIGHT = 2.0**-54  # a step of this size, or less, moves nothing in float64
_LARGEST = 1 << 27  # visits in all traces: 1 GiB


class State(NamedTuple):
    """Everything a team of learners remembers. Arrays are updated in place, never shared."""

    tables: Floats  # (E, N, S, A)
    owners: Integers  # (E, N) first row of each learner's table among all rows
    visits: Integers  # (T, E, N) entries of its own table that each visited, as a ring over time
    lengths: Integers  # (E, N) visits since the last non-zero reward
    scratch: Floats  # (E, N, S, A) ones between calls
    age: Integers  # (1,) steps learned from


@dataclass(frozen=True, kw_only=True)
class TracedQLearning(Config):
    """How each agent learns, on its own, from its own reward.

    On a reward r != 0 every visit of age k since the last one (newest 0) is credited:
    ``Q += alpha gamma^k (target - Q)``, with target = r, or r + gamma max Q(s', .) with
    ``bootstrap``. Visits of one flush share their target, so their steps multiply.

    What was visited is the entry of the action that the key names: as in the source, where nobody
    interrupts, the *proposed* one; by the *executed* one what it did under an interruption is
    credited, and not what it would have done.
    """

    learner: ClassVar[str] = "local"
    needs_next_actions: ClassVar[bool] = False
    needs_odds: ClassVar[bool] = False
    needs_second_draws: ClassVar[bool] = False
    proposes_at_truncation: ClassVar[bool] = False

    alpha: float = 0.1  # step size; with decay_over it follows from that
    epsilon: float = 0.1  # share of random actions while learning; likewise
    gamma: float = 0.95  # discount, and decay of the trace
    bootstrap: bool = False  # the source has it switched off
    key: Key = "proposed"
    decay_over: int | None = None  # steps in all; epsilon and alpha then fall as in the source

    def __post_init__(self) -> None:
        """Refuse settings of another kind, and rates that are no probabilities."""
        check_within(self, "[0, 1]", "alpha", "epsilon", "gamma")
        if self.decay_over is None:
            return
        if self.decay_over < 1:
            raise InvalidConfig(f"decay_over is a number of steps >= 1, got {self.decay_over}")
        if (self.alpha, self.epsilon) != (type(self).alpha, type(self).epsilon):
            raise InvalidConfig(
                "with decay_over the rates follow from it; leave out alpha and epsilon, got "
                f"{self.alpha} and {self.epsilon}"
            )

    def init(
        self,
        num_copies: int,
        num_agents: int,
        num_states: int,
        num_actions: int | Integers,
        horizon: int | None = None,
    ) -> State:
        """Start with empty tables, and with a memory of visits as long as the horizon.

        Raises:
            InvalidConfig: agents have different numbers of actions, or traces would not end, or not
                fit.
        """
        if np.min(num_actions) < np.max(num_actions):
            raise InvalidConfig(
                "traces are of agents with equally many actions, got "
                f"{np.asarray(num_actions).tolist()}; use q_learning"
            )
        trace = _trace_length(self.gamma, horizon)
        if trace * num_copies * num_agents > _LARGEST:
            raise InvalidConfig(
                f"at gamma={self.gamma} each of {num_copies} x {num_agents} agents remembers its "
                f"last {trace} visits, {_LARGEST} in all at most; take a smaller gamma, shorter "
                "episodes, or fewer copies"
            )
        team, width = (num_copies, num_agents), int(np.max(num_actions))
        owners = np.arange(0, num_copies * num_agents * num_states, num_states)
        return State(
            owners=owners.reshape(team),
            tables=np.zeros((*team, num_states, width)),
            visits=np.zeros((trace, *team), dtype=np.int64),
            lengths=np.zeros(team, dtype=np.int64),
            scratch=np.ones((*team, num_states, width)),
            age=np.zeros(1, dtype=np.int64),
        )

    def rates(self, age: int) -> tuple[float, float]:
        """Return (alpha, epsilon) after so many steps.

        Decaying ones are alpha = k / (2k + 3 age) and epsilon = k / (k + age), where k makes
        epsilon one half half-way.
        """
        if self.decay_over is None:
            return self.alpha, self.epsilon
        k = self.decay_over / 2
        return k / (2 * k + 3 * age), k / (k + age)

    def draws(self, seed: int, copies: Integers, ahead: int = 64) -> Draws:
        """Open the streams that it explores by."""
        return Draws(seed, "q_learning/explore", copies, ahead=ahead)

    def act(self, state: State, percepts: Integers, draws: Draws, rows: Rows = ALL) -> Integers:
        """Choose epsilon-greedily: (E', N) for the percepts (E', N) of some copies."""
        values = state.tables.reshape(-1, state.tables.shape[-1])
        values = values.take(state.owners[rows] + percepts, axis=0)
        return epsilon_greedy(values, self.rates(int(state.age[0]))[1], draws)

    def policy(self, state: State, percepts: Integers) -> Floats:
        """Return the probabilities by which ``act`` chooses: (E, N, A)."""
        values = state.tables.reshape(-1, state.tables.shape[-1])
        values = values.take(state.owners + percepts, axis=0)
        is_best = values == values.max(axis=2, keepdims=True)
        epsilon = self.rates(int(state.age[0]))[1]
        best = is_best / is_best.sum(axis=2, keepdims=True)
        law: Floats = (1 - epsilon) * best + epsilon / state.tables.shape[-1]
        return law

    def visit(self, state: State, percepts: Integers, present: Mask) -> State:
        """Count nothing: rates follow the age of the team."""
        del percepts, present
        return state

    def learn(self, state: State, transition: Transition) -> State:
        """Remember the visit, and credit the trace of every agent that was rewarded."""
        num_actions = state.tables.shape[-1]
        written = transition.executed if self.key == "executed" else transition.proposed
        entries = transition.percepts * num_actions + written
        now = int(state.age[0])
        state.visits[now % len(state.visits)] = entries
        np.add(state.lengths, 1, out=state.lengths)
        np.minimum(state.lengths, len(state.visits), out=state.lengths)
        if np.count_nonzero(transition.present) < transition.present.size:  # late: no visits yet
            state.lengths[~transition.present] = 0
        rewards = transition.rewards.reshape(-1)
        rewarded = np.flatnonzero(rewards)
        if len(rewarded):
            targets = rewards.take(rewarded)
            if self.bootstrap:
                next_rows = (state.owners + transition.next_percepts).reshape(-1)[rewarded]
                next_values = state.tables.reshape(-1, num_actions)[next_rows]
                targets = targets + self.gamma * next_values.max(axis=1)
            self._credit(state, now, rewarded, targets)
            state.lengths.reshape(-1)[rewarded] = 0
        state.age[0] += 1
        return state

    def end_episode(self, state: State, ended: Mask) -> State:
        """Forget what these copies (E,) have done since their last rewards."""
        state.lengths[ended] = 0
        return state

    def values(self, state: State) -> Floats:
        """Return the tables: (E, N, S, A)."""
        return state.tables

    def _credit(self, state: State, now: int, rewarded: Integers, targets: Floats) -> None:
        values, visits, place = state.tables.reshape(-1), state.visits, now % len(state.visits)
        firsts = rewarded * state.tables[0, 0].size  # of each learner's entries among all
        lengths = state.lengths.take(rewarded)
        ages = np.arange(lengths.max())
        keep = 1 - self.rates(now)[0] * self.gamma**ages  # what a visit leaves of the distance
        if len(ages) == 1:  # one visit each: no entry occurs twice
            entries = firsts + visits[place].take(rewarded)
            values[entries] = targets + (values.take(entries) - targets) * keep[0]
            return
        age, which = np.nonzero(ages[:, None] < lengths)
        # A place below 0 counts from the ring's end.
        entries = visits.take((place - age) * state.owners.size + rewarded.take(which))
        entries += firsts.take(which)
        scratch = state.scratch.reshape(-1)
        np.multiply.at(scratch, entries, keep.take(age))
        targets = targets.take(which)
        values[entries] = targets + (values.take(entries) - targets) * scratch.take(entries)
        scratch[entries] = 1


def _trace_length(gamma: float, horizon: int | None) -> int:
    """Return how many visits are remembered: all that a reward may still be credited to.

    Raises:
        InvalidConfig: however old, each counts, and episodes do not end.
    """
    longest = math.inf if gamma == 1 else _LEAST_TRACE
    if 0 < gamma < 1:
        longest = max(_LEAST_TRACE, math.ceil(math.log(_WEIGHT) / math.log(gamma)))
    if horizon is not None:
        longest = min(horizon, longest)
    if longest == math.inf:
        raise InvalidConfig(
            "at gamma=1 a reward is credited to all visits since the last, however many: take a "
            "smaller gamma, or give the world a time limit"
        )
    return int(longest)


agents.add("traced_q_learning", TracedQLearning)
