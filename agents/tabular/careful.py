"""Exploring for ever without walking into what must not be: a floor of exploration, and risks."""

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Literal, NamedTuple

import numpy as np

from rallypoint.agents import agents
from rallypoint.agents.tabular.columns import Columns
from rallypoint.agents.tabular.encoding import Encoding
from rallypoint.agents.tabular.q_learning import QLearning
from rallypoint.agents.tabular.sarsa import Sarsa
from rallypoint.agents.tabular.temporal_difference import Key, State, TemporalDifference
from rallypoint.agents.tabular.transition import ALL, Rows, Transition, copied
from rallypoint.agents.tabular.value_learner import Past
from rallypoint.batch_env import Actions, Observations
from rallypoint.config import Config, keep_plain
from rallypoint.draws import Draws, Floats, Integers, Mask
from rallypoint.errors import InvalidConfig, NotOffered


class CarefulState(NamedTuple):
    """Everything that a careful team remembers."""

    own: State  # of the learner of values
    risks: Floats  # (E, N, S, A) of ever coming to harm after an action, if careful from then on

    @property
    def past(self) -> Past:
        """What the learner counts."""
        return self.own.past


@dataclass(frozen=True, kw_only=True)
class Careful(Config):
    """Learns values, and beside them how risky each action is; explores among safe actions only.

    Exploration never ends: with probability ``floor`` any action is taken whose risk is at most
    ``tau``, all equally likely, or the least risky where none is that safe. So what an adversary of
    perception brings about can be left again, and what harms is not tried for it. Otherwise the
    action with the highest value is taken, whatever its risk, or of those same actions if it is
    ``confined``::

        R(s, a) += risk_rate (c + (1 - c) min_b R(s', b) - R(s, a))

    where c is 1 if the step cost anything. With ``tau = 1`` every action is safe enough.

    Source: in the setting of safe exploration in the limit, Aslund, El Mhamdi, Guerraoui & Maurer
    (2018), "Virtuously Safe Reinforcement Learning", arXiv:1805.11447, whose body could not be
    read; the rule is ours.
    """

    learner: ClassVar[str] = "local"
    needs_next_actions: ClassVar[bool] = False
    key: ClassVar[Key] = "executed"  # values and risks alike
    _rule: ClassVar[type[TemporalDifference]] = QLearning

    floor: float = 0.2  # share of random actions, for ever
    # Largest risk that an explored action may have: of all, or of each of equal blocks of copies.
    tau: float | tuple[float, ...] = 0.05
    risk_rate: float = 0.5
    confined: bool = False  # whether the greedy action is one of those that may be explored
    alpha: float = 0.1
    gamma: float = 1.0
    initial: float = 0.0  # value of every entry
    time_limit: Literal["bootstrap", "terminal"] = "terminal"

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            InvalidConfig: says which.
        """
        keep_plain(self, "tau")
        shares = {"floor": (self.floor,), "tau": self._taus, "risk_rate": (self.risk_rate,)}
        for name, found in shares.items():
            if not found or not all(0 <= share <= 1 for share in found):
                raise InvalidConfig(f"{name} lies in [0, 1], got {getattr(self, name)}")
        _ = self.values_learner  # refuses its own

    @cached_property  # steps ask for it
    def values_learner(self) -> TemporalDifference:
        """Who learns values."""
        return self._rule(
            alpha=self.alpha,
            gamma=self.gamma,
            initial=self.initial,
            time_limit=self.time_limit,
            key=self.key,
        )

    @property
    def needs_odds(self) -> bool:
        """Whether transitions must say their odds: no."""
        return False

    @property
    def needs_second_draws(self) -> bool:
        """Whether transitions must bring a second draw from each policy: no."""
        return False

    @property
    def proposes_at_truncation(self) -> bool:
        """Whether it matters what would have been done after the time limit."""
        return self.values_learner.proposes_at_truncation

    def init(
        self,
        num_copies: int,
        num_agents: int,
        num_states: int,
        num_actions: int | Integers,
        horizon: int | None = None,
    ) -> CarefulState:
        """Start with values of ``initial``, and no risk anywhere.

        Raises:
            InvalidConfig: copies that cannot be shared out evenly among several ``tau``.
        """
        if num_copies % len(self._taus):
            raise InvalidConfig(
                f"{len(self._taus)} values of tau take as many copies each, and there are "
                f"{num_copies}"
            )
        own = self.values_learner.init(num_copies, num_agents, num_states, num_actions, horizon)
        risks = np.where(np.isneginf(own.tables), np.inf, 0.0)
        return CarefulState(own, risks)

    def draws(self, seed: int, copies: Integers, ahead: int = 64) -> Draws:
        """Open the streams that it explores by."""
        return Draws(seed, "tabular/careful", copies, ahead=ahead)

    def act(
        self, state: CarefulState, percepts: Integers, draws: Draws, rows: Rows = ALL
    ) -> Integers:
        """Choose: (E', N) for the percepts (E', N) of some copies, with those copies' draws."""
        law = self._law(state, state.past.owners[rows] + percepts, rows)
        reached = law.cumsum(axis=2)
        coins = draws.random((percepts.shape[1],)) * reached[:, :, -1]
        chosen: Integers = (reached <= coins[..., None]).sum(axis=2)
        return chosen

    def policy(self, state: CarefulState, percepts: Integers) -> Floats:
        """Return the probabilities by which ``act`` chooses: (E, N, A)."""
        return self._law(state, state.past.owners + percepts, ALL)

    def visit(self, state: CarefulState, percepts: Integers, present: Mask) -> CarefulState:
        """Count a step."""
        return state._replace(own=self.values_learner.visit(state.own, percepts, present))

    def learn(self, state: CarefulState, transition: Transition) -> CarefulState:
        """Learn from one step of every copy.

        Raises:
            NotOffered: nobody tells what a step costs.
        """
        if transition.costs is None:
            raise NotOffered(
                "a careful learner learns risks from what steps cost, and this world does not "
                "offer 'cost'; with hazards on its map a gridworld does"
            )
        own = self.values_learner.learn(state.own, transition)
        owners, width = state.past.owners, state.risks.shape[-1]
        table = state.risks.reshape(-1, width)
        harmed = (transition.costs > 0).any(axis=2)
        least = table.take(owners + transition.next_percepts, axis=0).min(axis=2)
        to_come = np.where(transition.terminated, 0.0, least)
        entries = (owners + transition.percepts) * width + transition.executed
        flat = table.reshape(-1)
        before = flat.take(entries)
        moved = before + self.risk_rate * (np.where(harmed, 1.0, to_come) - before)
        flat[entries] = np.where(transition.present, moved, before)
        return CarefulState(own, state.risks)

    def end_episode(self, state: CarefulState, ended: Mask) -> CarefulState:
        """Close the episodes of these copies (E,)."""
        return state._replace(own=self.values_learner.end_episode(state.own, ended))

    def values(self, state: CarefulState) -> Floats:
        """Return the tables that the greedy policy reads: (E, N, S, A), -inf for no action."""
        return state.own.tables

    @property
    def _taus(self) -> tuple[float, ...]:
        return self.tau if isinstance(self.tau, tuple) else (self.tau,)

    def _law(self, state: CarefulState, at: Integers, rows: Rows) -> Floats:
        taus = np.repeat(self._taus, len(state.risks) // len(self._taus))[rows]
        width = state.risks.shape[-1]
        values = state.own.tables.reshape(-1, width).take(at, axis=0)
        risks = state.risks.reshape(-1, width).take(at, axis=0)
        tau = taus[:, None, None]
        return law(values, risks, floor=self.floor, tau=tau, confined=self.confined)


@dataclass(frozen=True, kw_only=True)
class CarefulSarsa(Careful):
    """Careful exploration with Sarsa, whose values foresee being interrupted: for comparison."""

    needs_next_actions: ClassVar[bool] = True
    _rule: ClassVar[type[TemporalDifference]] = Sarsa


def law(
    values: Floats, risks: Floats, *, floor: float, tau: float | Floats, confined: bool = False
) -> Floats:
    """Return how likely each action is: values and risks (…, A) -> (…, A).

    Tau is one for all, or (…, 1).

    >>> law(np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.9, 0.0]), floor=0.2, tau=0.05)
    array([0.9, 0. , 0.1])
    """
    is_safe = risks <= tau
    least = risks.argmin(axis=-1)[..., None] == np.arange(risks.shape[-1])
    explored = np.where(is_safe.any(axis=-1, keepdims=True), is_safe, least)
    ranked = np.where(explored, values, -np.inf) if confined else values
    greedy = ranked.argmax(axis=-1)[..., None] == np.arange(values.shape[-1])
    found: Floats = (1 - floor) * greedy + floor * explored / explored.sum(axis=-1, keepdims=True)
    return found


@dataclass(frozen=True)
class CarefulPolicy:
    """Acts by what careful teams have learned, copy e by the tables of replicate e.

    Learning is over, and exploration goes on.
    """

    values: Floats  # (R, N, S, A)
    risks: Floats  # (R, N, S, A)
    encoding: Encoding
    columns: Columns
    replicates: Integers  # (E,)
    floor: float
    tau: float | Floats  # of all, or of each replicate, (R,)
    confined: bool = False

    def act(self, observations: Observations, draws: Draws) -> Actions:
        """Choose an action for every agent."""
        percepts = self.columns.percepts(self.encoding, observations)
        agents = np.arange(percepts.shape[1])
        rows = (self.replicates[:, None], agents, percepts)
        tau = np.broadcast_to(self.tau, len(self.risks))[self.replicates][:, None, None]
        chances = law(
            self.values[rows], self.risks[rows], floor=self.floor, tau=tau, confined=self.confined
        )
        reached = chances.cumsum(axis=2)
        coins = draws.random((percepts.shape[1],)) * reached[:, :, -1]
        return self.columns.actions((reached <= coins[..., None]).sum(axis=2))


def frozen(
    learner: Careful,
    state: CarefulState,
    encoding: Encoding,
    columns: Columns,
    replicates: Integers,
    *,
    floor: float | None = None,
) -> CarefulPolicy:
    """Return what acts by what was learned so far, with another floor of exploration if given."""
    kept = copied(state)
    share = learner.floor if floor is None else floor
    taus = np.ravel(learner.tau)
    each = np.repeat(taus, len(kept.risks) // len(taus))
    tables = kept.own.tables
    return CarefulPolicy(
        tables, kept.risks, encoding, columns, replicates, share, each, learner.confined
    )


agents.add("careful", Careful)
agents.add("careful_sarsa", CarefulSarsa)
