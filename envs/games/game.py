"""A Markov game as data: a few tables, checked."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rallypoint.config import Config
from rallypoint.draws import Draws, Floats, Integers
from rallypoint.errors import InvalidConfig
from rallypoint.transitions import Transitions, check_transitions, joint_actions

# means (E, N), states (E,), joint actions (E,), draws -> rewards (E, N)
Pay = Callable[[Floats, Integers, Integers, Draws], Floats]

_MOST_ENTRIES = 1 << 24  # of one table: 128 MiB


@dataclass(frozen=True, kw_only=True, eq=False)
class Game(Config):
    """A game of N agents over a few states, whose tables have one axis for each agent's action.

    Two agents who are paid for doing the same, for ever in one state:

    >>> game = Game(
    ...     agents=("a", "b"),
    ...     states=("here",),
    ...     actions=(("left", "right"), ("left", "right")),
    ...     rewards=[[[1, 0], [0, 1]]],
    ... )
    >>> game.model.rewards[0, :, 0].tolist()  # of each joint action, to each agent
    [[1.0, 1.0], [0.0, 0.0], [0.0, 0.0], [1.0, 1.0]]

    The numbers of states, in observations and in ``model``, are those of ``states`` and then of
    ``endings``.

    Raises:
        InvalidConfig: names that are empty or there twice, tables of the wrong shape, states that
            do not exist, probabilities that do not sum to one; says which, and where.
    """

    agents: tuple[str, ...]
    states: tuple[str, ...]
    actions: tuple[tuple[str, ...], ...]  # of each agent
    # Mean reward in each state by the action of each agent: (S, A_0, …, A_N-1), the same for
    # everybody, or (S, A_0, …, A_N-1, N).
    rewards: ArrayLike
    # Where it leads: the number of a state (S, A_0, …, A_N-1), or the probability of each
    # (S, A_0, …, A_N-1, S + endings). Left out: one state, and nothing leads away.
    leads_to: ArrayLike = 0
    endings: tuple[str, ...] = ()  # states whose entry ends the episode
    start: ArrayLike | None = None  # (S,) probabilities; the first state if left out
    percepts: ArrayLike | None = None  # (N, S + endings) what each agent sees of each state
    pay: Pay | None = None  # draws the rewards; None: exactly the means
    horizon: int | None = None  # steps after which an episode is cut short; None for never

    def __post_init__(self) -> None:
        """Check everything that the tables say."""
        for name in ("agents", "states"):
            _check_names(name, getattr(self, name))
        _check_names("endings", self.endings, least=0)
        if both := set(self.states) & set(self.endings):
            raise InvalidConfig(f"a state either ends the episode or not, but {sorted(both)} both")
        if len(self.actions) != len(self.agents):
            raise InvalidConfig(
                f"actions are a tuple of names for each of the {len(self.agents)} agents, got "
                f"{len(self.actions)} of them"
            )
        for agent, names in zip(self.agents, self.actions, strict=True):
            _check_names(f"the actions of {agent}", names)
        if self.horizon is not None and self.horizon < 1:
            raise InvalidConfig(f"a horizon is a number of steps >= 1, or None: {self.horizon}")
        if np.prod(self.num_actions) * len(self.states) > _MOST_ENTRIES / len(self.agents):
            raise InvalidConfig(
                f"{len(self.states)} states by the actions {self.num_actions} of all agents are "
                "too many for a table; play fewer agents"
            )
        check_transitions(self.model)
        self.seen  # noqa: B018  # checked here, kept for later

    @property
    def num_actions(self) -> tuple[int, ...]:
        """How many actions each agent has."""
        return tuple(len(names) for names in self.actions)

    @cached_property
    def model(self) -> Transitions:
        """The game as a tabular model. An ending leads to itself, pays nothing and ends."""
        num_states, num_endings = len(self.states), len(self.endings)
        actions = joint_actions(self.num_actions)
        probabilities = self._probabilities().reshape(num_states, len(actions), -1)
        next_states, probabilities = _outcomes(probabilities)  # (S, A, K) each
        num_outcomes = next_states.shape[-1]
        means = self._means().reshape(num_states, len(actions), 1, -1)
        rewards = np.repeat(means, num_outcomes, axis=2)
        ends = (num_endings, len(actions), num_outcomes)
        stays = np.arange(num_states, num_states + num_endings)[:, None, None]
        certain = np.arange(num_outcomes) == 0
        next_states = np.concatenate([next_states, np.broadcast_to(stays, ends)])
        return Transitions(
            next_states=next_states,
            probabilities=np.concatenate([probabilities, np.broadcast_to(certain, ends)]),
            rewards=np.concatenate([rewards, np.zeros((*ends, len(self.agents)))]),
            terminated=next_states >= num_states,
            start=np.append(self._start(), np.zeros(num_endings)),
            actions=actions,
        )

    @cached_property
    def seen(self) -> Integers:
        """What each agent sees of each state: (N, S + endings)."""
        shape = (len(self.agents), len(self.states) + len(self.endings))
        if self.percepts is None:
            return np.broadcast_to(np.arange(shape[1]), shape).copy()
        seen = np.asarray(self.percepts)
        if seen.shape != shape or seen.dtype.kind not in "iu" or seen.min() < 0:
            raise InvalidConfig(
                f"percepts are integers >= 0 of shape (agents, states + endings) = {shape}, got "
                f"{seen.dtype} {seen.shape}"
            )
        return seen.astype(np.int64)

    def _means(self) -> Floats:
        shape = (len(self.states), *self.num_actions)
        rewards = _table("rewards", self.rewards)
        if rewards.shape == shape:
            return np.repeat(rewards[..., None], len(self.agents), axis=-1)
        if rewards.shape == (*shape, len(self.agents)):
            return rewards
        raise InvalidConfig(
            f"rewards have shape (states, actions of each agent …) = {shape}, or one axis of "
            f"{len(self.agents)} agents more, got {rewards.shape}"
        )

    def _probabilities(self) -> Floats:
        shape = (len(self.states), *self.num_actions)
        num_states = len(self.states) + len(self.endings)
        leads_to = np.asarray(self.leads_to)
        if leads_to.shape == () and leads_to == 0 and num_states == 1:
            leads_to = np.zeros(shape, dtype=np.int64)
        if leads_to.shape == shape and leads_to.dtype.kind in "iu":
            if leads_to.min() < 0 or leads_to.max() >= num_states:
                raise InvalidConfig(
                    f"leads_to names states 0..{num_states - 1}, got "
                    f"{leads_to.min()}..{leads_to.max()}"
                )
            certain: Floats = np.eye(num_states)[leads_to]
            return certain
        if leads_to.shape == (*shape, num_states):
            return _table("leads_to", leads_to)
        raise InvalidConfig(
            f"leads_to holds the number of a state, in shape (states, actions of each agent …) = "
            f"{shape}, or the probability of each of {num_states} along one axis more, got "
            f"{leads_to.dtype} {leads_to.shape}"
        )

    def _start(self) -> Floats:
        if self.start is None:
            return np.append(1.0, np.zeros(len(self.states) - 1))
        start = _table("start", self.start)
        if start.shape != (len(self.states),):
            raise InvalidConfig(
                f"start holds a probability for each of {len(self.states)} states, got "
                f"{start.shape}; nothing starts in an ending"
            )
        return start


def _outcomes(probabilities: Floats) -> tuple[Integers, Floats]:
    """Keep the possible outcomes of (S, A, S'), padded to equal number: (S, A, K) twice."""
    most = max(1, int((probabilities > 0).sum(axis=-1).max()))
    # Stable, so that states keep their order; impossible ones come last.
    order = np.argsort(probabilities <= 0, axis=-1, kind="stable")[..., :most].astype(np.int64)
    kept = np.take_along_axis(probabilities, order, axis=-1)
    if not np.isclose(kept.sum(axis=-1), probabilities.sum(axis=-1)).all():
        raise InvalidConfig("leads_to holds probabilities >= 0, and not all of them are")
    return order, kept


def _table(name: str, numbers: ArrayLike) -> Floats:
    try:
        return np.asarray(numbers, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidConfig(f"{name} is a table of numbers, all rows of one length") from error


def _check_names(what: str, names: Any, least: int = 1) -> None:
    if not isinstance(names, tuple) or not all(isinstance(n, str) and n for n in names):
        raise InvalidConfig(f"{what} are a tuple of names, got {names!r}")
    if len(names) < least or len(set(names)) < len(names):
        raise InvalidConfig(f"{what} are at least {least} distinct names, got {names!r}")
