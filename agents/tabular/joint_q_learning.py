"""Q-learning over joint actions, with a model of what teammates do."""

import math
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from rallypoint.agents import agents
from rallypoint.agents.tabular.transition import Transition
from rallypoint.agents.tabular.value_learner import Past, ValueLearner
from rallypoint.draws import Floats, Integers, Mask
from rallypoint.errors import InvalidConfig

Modelled = Literal["executed", "proposed", "second_draw", "policy"]
_LARGEST = 1 << 27  # entries of all tables: 1 GiB


class JointState(NamedTuple):
    """Everything a team of learners remembers; K counts what one's teammates can do together."""

    tables: Floats  # (E, N, S, A, K), by own and by teammates' actions
    totals: Floats  # (E, N, S, A, K) weights learned from at each entry, where steps are means
    model: Floats  # (E, N, S, K) how likely teammates are to do each of it
    samples: Integers  # (E, N, S) that the model rests on
    held: Integers  # (E, N, S) what they did at the last visit, kept for the next; -1: nothing
    strides: Integers  # (N, N) what each agent's action (row) adds to each agent's k (column)
    parts: Integers  # (N, K, N) what each teammate does in an agent's k; see _parts
    past: Past


@dataclass(frozen=True, kw_only=True)
class JointQLearning(ValueLearner[JointState]):
    """Each agent learns what joint actions are worth, and what its teammates do.

    The table is written at the executed joint action, so its entries do not ask who chose it: all
    steps are kept. Choosing and targets take the mean over the model, ``max_a sum_k P(k | s)
    Q(s, a, k)``. A model of *executed* actions foresees the teammates' interruptions, and the
    policy built on it is bent by them; a model of *proposed* ones is not biased, but needs
    teammates who say what they propose. Given the executed joint action, what was proposed still
    tells about the interruption in the very step that the table is updated from; with delay 1 the
    model takes a sample in at the percept's next visit, and tells of it then. A model of
    *second draws* takes in what each teammate draws from its policy once more, for nobody to act
    on, and one of the *policy* the probabilities themselves: neither tells of any interruption.

    Teammates who are not there count as doing their first action.

    Source: the joint action learners of Claus & Boutilier (1998), "The Dynamics of Reinforcement
    Learning in Cooperative Multiagent Systems", AAAI. The models of proposed actions,
    of second draws and of policies, and the delay, are ours.
    """

    model: Modelled = "proposed"
    delay: int = 0  # visits, 0 or 1, until a sample is taken in
    model_rate: float | Literal["mean"] = "mean"  # of the model; "mean": relative frequencies

    def __post_init__(self) -> None:
        """Refuse numbers that cannot be meant."""
        super().__post_init__()
        if self.delay not in {0, 1}:
            raise InvalidConfig(f"delay is 0 or 1 visits, got {self.delay}")
        if self.delay and self.model in {"second_draw", "policy"}:
            raise InvalidConfig(
                f"a model of {self.model!r} learns of no step that was played, so there is nothing "
                "to delay; leave out delay"
            )
        if not isinstance(self.model_rate, str) and not 0 < self.model_rate <= 1:
            raise InvalidConfig(f'model_rate lies in (0, 1], or is "mean", got {self.model_rate}')

    @property
    def needs_second_draws(self) -> bool:
        """Whether its model is of them."""
        return self.model == "second_draw"

    def init(
        self,
        num_copies: int,
        num_agents: int,
        num_states: int,
        num_actions: int | Integers,
        horizon: int | None = None,
    ) -> JointState:
        """Start with tables of ``initial``, and with teammates who do anything alike.

        Raises:
            InvalidConfig: the tables of all joint actions are too large.
        """
        del horizon
        counts: list[int] = np.broadcast_to(num_actions, (num_agents,)).tolist()
        most = max(math.prod(counts) // own for own in counts)
        if (entries := num_copies * num_agents * num_states * max(counts) * most) > _LARGEST:
            raise InvalidConfig(
                f"tables of joint actions have at most {_LARGEST} entries, and {num_copies} copies "
                f"of {num_agents} agents with {counts} actions in {num_states} states need "
                f"{entries}; train fewer copies side by side, or learners of own actions"
            )
        past = Past.empty(num_copies, num_agents, num_states, num_actions)
        tables = np.where(past.legal[:, None, :, None], float(self.initial), -np.inf)
        team = (num_copies, num_agents, num_states)
        shape = (*team, max(counts), most)
        likely = np.arange(most) < np.array([[math.prod(counts) // own] for own in counts])
        strides = _strides(counts)
        model = np.where(likely, 1 / likely.sum(axis=1, keepdims=True), 0)  # (N, K)
        return JointState(
            tables=np.broadcast_to(tables, shape).copy(),
            totals=np.zeros(shape),
            model=np.broadcast_to(model[:, None], (*team, most)).copy(),
            samples=np.zeros(team, dtype=np.int64),
            held=np.full(team, -1),
            strides=strides,
            parts=_parts(strides, np.array(counts), most),
            past=past,
        )

    def learn(self, state: JointState, transition: Transition) -> JointState:
        """Learn from one step of every copy: the table first, then the model."""
        num_actions, num_joint = state.tables.shape[-2:]
        rows = state.past.owners + transition.percepts
        law = self._law_of_teammates(state, transition) if self.model == "policy" else None
        done = np.where(transition.present, transition.executed, 0)
        theirs = done @ state.strides  # (E, N), k of the teammates
        entries = (rows * num_actions + transition.executed) * num_joint + theirs
        next_values = self._values_at(state, state.past.owners + transition.next_percepts)
        targets = self._discounted(transition, next_values.max(axis=2))
        weights = transition.present
        self._move(state.tables.reshape(-1), state.totals.reshape(-1), entries, targets, weights)
        self._tally(state.past, transition.present, weights)
        if law is not None:
            self._take_in(state, rows, law, transition.present)
            return state
        if self.model != "executed":
            told = transition.proposed if self.model == "proposed" else transition.second
            assert told is not None, "a learner that needs second draws is given them"
            theirs = np.where(transition.present, told, 0) @ state.strides
        self._sample(state, rows, theirs, transition.present)
        return state

    def values(self, state: JointState) -> Floats:
        """Return what each own action is worth under the model: (E, N, S, A)."""
        return _expected(state.tables, state.model)

    def _values_at(self, state: JointState, rows: Integers) -> Floats:
        num_actions, num_joint = state.tables.shape[-2:]
        tables = state.tables.reshape(-1, num_actions, num_joint).take(rows, axis=0)
        return _expected(tables, state.model.reshape(-1, num_joint).take(rows, axis=0))

    def _law_of_teammates(self, state: JointState, transition: Transition) -> Floats:
        """Return how likely teammates were to propose each of what they can together: (E, N, K).

        Asked before anything is learned from the step: the policies are those that chose.
        """
        num_agents = len(state.parts)
        policy = self.policy(state, transition.percepts)
        first = np.arange(policy.shape[2]) == 0
        policy = np.where(transition.present[:, :, None], policy, first)
        each = policy[:, np.arange(num_agents), state.parts]  # (E, N, K, N)
        each = np.where(np.eye(num_agents, dtype=bool)[:, None], 1, each)
        law: Floats = each.prod(axis=3) * (state.parts[:, :, 0] >= 0)
        return law

    def _sample(self, state: JointState, rows: Integers, theirs: Integers, present: Mask) -> None:
        """Take in what teammates did, or what they did at the last visit of these rows (E, N)."""
        takes: Mask = present
        if self.delay:
            held = state.held.reshape(-1)
            before = held.take(rows)
            held[rows] = np.where(present, theirs, before)
            theirs, takes = before, present & (before >= 0)
        self._take_in(state, rows, theirs[:, :, None] == np.arange(state.model.shape[3]), takes)

    def _take_in(
        self, state: JointState, rows: Integers, sampled: Mask | Floats, takes: Mask
    ) -> None:
        """Move the model at these rows (E, N) towards samples, or laws, (E, N, K)."""
        samples, model = state.samples.reshape(-1), state.model.reshape(-1, state.model.shape[-1])
        samples[rows] += takes
        rates: Any = self.model_rate
        if self.model_rate == "mean":
            rates = 1 / np.maximum(samples.take(rows), 1)
        law = model.take(rows, axis=0)  # (E, N, K)
        model[rows] = law + (rates * takes)[:, :, None] * (sampled - law)


def _parts(strides: Integers, counts: Integers, most: int) -> Integers:
    """Return what each teammate does in each agent's k: (N, K, N); 0 for itself, -1 past its K.

    >>> _parts(_strides([2, 3]), np.array([2, 3]), 3).tolist()
    [[[0, 0], [0, 1], [0, 2]], [[0, 0], [1, 0], [-1, -1]]]
    """
    joint = np.arange(most)[None, :, None]
    steps = strides.T[:, None]  # (N, 1, N)
    parts = np.where(steps > 0, joint // np.maximum(steps, 1) % counts, 0)
    return np.where(joint < (counts.prod() // counts)[:, None, None], parts, -1)


def _expected(tables: Floats, model: Floats) -> Floats:
    """Return the mean over what teammates do: (…, A, K) by (…, K) -> (…, A)."""
    legal = tables[..., 0] > -np.inf  # an action that an agent lacks is -inf in all its entries
    mean: Floats = np.einsum("...ak,...k->...a", np.where(legal[..., None], tables, 0), model)
    return np.where(legal, mean, -np.inf)


def _strides(counts: list[int]) -> Integers:
    """Number what each agent's teammates can do together, the last one's action running fastest.

    >>> _strides([2, 3]).tolist()
    [[0, 1], [1, 0]]
    """
    strides = np.zeros((len(counts), len(counts)), dtype=np.int64)
    for agent in range(len(counts)):
        size = 1
        for other in reversed(range(len(counts))):
            if other != agent:
                strides[other, agent] = size
                size *= counts[other]
    return strides


agents.add("joint_q_learning", JointQLearning)
