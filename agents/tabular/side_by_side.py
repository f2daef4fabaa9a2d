"""Learners that differ in what they learn from, trained side by side as blocks of copies."""

from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple, get_args

import numpy as np

from rallypoint.agents.tabular.processing import PROCESSINGS, Processing, weights
from rallypoint.agents.tabular.temporal_difference import Key
from rallypoint.agents.tabular.transition import Transition
from rallypoint.agents.tabular.value_learner import Past, ValueLearner
from rallypoint.draws import Floats, Integers, Mask
from rallypoint.errors import InvalidConfig, did_you_mean

Rule = Literal["q_learning", "sarsa", "safe_sarsa"]


class Way(NamedTuple):
    """One way to learn; see ``QLearning``, ``Sarsa`` and ``SafeSarsa``."""

    rule: Rule
    key: Key = "executed"
    processing: Processing = "none"


class Lanes(NamedTuple):
    """Which way each copy goes: (E, 1)."""

    writes_executed: Mask
    reads_executed: Mask  # of the next action, where it waits for one
    waits: Mask


class Waiting(NamedTuple):
    """Each agent's last step, where it is learned from when the next action is known: (E, N)."""

    entries: Integers
    next_rows: Integers
    rewards: Floats
    weights: Floats  # 0 where nothing waits


class SideState(NamedTuple):
    """Everything that the teams of all ways remember."""

    tables: Floats  # (E, N, S, A), -inf for actions that an agent does not have
    totals: Floats  # (E, N, S, A) weights learned from at each entry, where steps are means
    past: Past
    lanes: Lanes
    waiting: Waiting


@dataclass(frozen=True, kw_only=True)
class SideBySide(ValueLearner[SideState]):
    """The first E / W copies learn in the first of W ways, the next ones in the second, and so on.

    Each copy learns what it would on its own, number for number; a step of the world, which costs
    far more than learning from it, serves all ways.
    """

    needs_next_actions: ClassVar[bool] = False  # who needs them keeps its last step itself

    ways: tuple[Way, ...]

    def __post_init__(self) -> None:
        """Refuse ways that there are not, or that cannot go together.

        Raises:
            InvalidConfig: says which.
        """
        super().__post_init__()
        if not self.ways:
            raise InvalidConfig("ways are at least one, got none")
        for way in self.ways:
            known_of = {"rule": get_args(Rule), "key": get_args(Key), "processing": PROCESSINGS}
            for name, known in known_of.items():
                if (value := getattr(way, name)) not in known:
                    raise InvalidConfig(
                        f"no {name} is called {value!r}{did_you_mean(value, known)}"
                    )
            if way.processing == "drop_episode":
                raise InvalidConfig("what drops whole episodes is trained on its own")
        if self._some_wait and self.time_limit != "terminal":
            raise InvalidConfig(
                "Sarsa is trained side by side where the time limit is terminal to it; with "
                "time_limit='bootstrap' train it on its own"
            )

    @property
    def needs_odds(self) -> bool:
        """Whether steps are weighed."""
        return any(way.processing == "importance" for way in self.ways)

    @property
    def _some_wait(self) -> bool:
        return any(way.rule != "q_learning" for way in self.ways)

    def rows(self, way: Way, num_copies: int) -> slice:
        """Return the copies that learn in a way."""
        size = num_copies // len(self.ways)
        place = self.ways.index(way)
        return slice(place * size, (place + 1) * size)

    def init(
        self,
        num_copies: int,
        num_agents: int,
        num_states: int,
        num_actions: int | Integers,
        horizon: int | None = None,
    ) -> SideState:
        """Start with tables of ``initial``.

        Raises:
            InvalidConfig: copies that cannot be shared out evenly.
        """
        del horizon  # nothing is remembered of a step once it is learned from
        if num_copies % len(self.ways):
            raise InvalidConfig(
                f"{len(self.ways)} ways take as many copies each, and there are {num_copies}"
            )
        past = Past.empty(num_copies, num_agents, num_states, num_actions)
        shape = (num_copies, num_agents, num_states, past.legal.shape[1])
        tables = np.where(past.legal[:, None], float(self.initial), -np.inf)
        team = (num_copies, num_agents)
        return SideState(
            tables=np.broadcast_to(tables, shape).copy(),
            totals=np.zeros(shape),
            past=past,
            lanes=Lanes(
                writes_executed=self._lane(
                    [way.key == "executed" for way in self.ways], num_copies
                ),
                reads_executed=self._lane(
                    [way.rule == "sarsa" and way.key == "executed" for way in self.ways], num_copies
                ),
                waits=self._lane([way.rule != "q_learning" for way in self.ways], num_copies),
            ),
            waiting=Waiting(
                entries=past.owners * shape[-1],
                next_rows=past.owners.copy(),
                rewards=np.zeros(team),
                weights=np.zeros(team),
            ),
        )

    def learn(self, state: SideState, transition: Transition) -> SideState:
        """Learn from one step of every copy, and from the one before where that has waited."""
        owners, num_actions = state.past.owners, state.tables.shape[-1]
        values, totals = state.tables.reshape(-1), state.totals.reshape(-1)
        if self._some_wait:
            waiting = state.waiting
            following = np.where(
                state.lanes.reads_executed, transition.executed, transition.proposed
            )
            to_come = values.take(waiting.next_rows * num_actions + following)
            targets = waiting.rewards + self.gamma * to_come
            self._move(values, totals, waiting.entries, targets, waiting.weights)
        written = np.where(state.lanes.writes_executed, transition.executed, transition.proposed)
        entries = (owners + transition.percepts) * num_actions + written
        next_rows = owners + transition.next_percepts
        kept = self._kept(transition)
        self._tally(state.past, transition.present, kept)
        if self._some_wait:
            waits = state.lanes.waits & ~(transition.terminated | transition.truncated)
            new = Waiting(entries, next_rows, transition.rewards, np.where(waits, kept, 0))
            for held, came in zip(state.waiting, new, strict=True):
                np.copyto(held, came)
            kept = np.where(waits, 0, kept)
        targets = self._discounted(transition, self._values_at(state, next_rows).max(axis=2))
        self._move(values, totals, entries, targets, kept)
        return state

    def values(self, state: SideState) -> Floats:
        """Return the tables: (E, N, S, A), -inf for no action."""
        return state.tables

    def _values_at(self, state: SideState, rows: Integers) -> Floats:
        return state.tables.reshape(-1, state.tables.shape[-1]).take(rows, axis=0)

    def _kept(self, transition: Transition) -> Mask | Floats:
        processings = {way.processing for way in self.ways}
        found = {processing: weights(processing, transition) for processing in processings}
        if len(found) == 1:
            return next(iter(found.values()))
        blocks = len(self.ways)
        shape = (blocks, -1, transition.present.shape[1])
        by_way = [
            found[way.processing].reshape(shape)[place] for place, way in enumerate(self.ways)
        ]
        return np.concatenate(by_way)

    def _lane(self, by_way: list[bool], num_copies: int) -> Mask:
        return np.repeat(by_way, num_copies // len(self.ways))[:, None]
