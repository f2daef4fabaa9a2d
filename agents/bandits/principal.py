"""What principals share: whose turn it is, and what came of the last offer."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar, NamedTuple

import numpy as np

from rallypoint.agents.bandits.memory import Memory
from rallypoint.batch_env import Actions, Array, Mask, Observations
from rallypoint.draws import Draws, Floats, Integers
from rallypoint.envs.checks import check_number, check_size
from rallypoint.envs.principal_agent.world import PRINCIPAL
from rallypoint.errors import InvalidConfig


class Outcome(NamedTuple):
    """What the last round brought, in the copies where there was one."""

    played: Mask  # (E,)
    arms: Integers  # (E,) that the agent pulled; 0 where nothing was played
    earned: Floats  # (E,) net of what was paid
    offered: Floats  # (E, K)


class Principal(ABC):
    """Offers an incentive for each arm, whenever it is its turn.

    A subclass writes ``_offer``: it learns from the last round and returns what it offers next, for
    all copies; only those count in which it is to offer now.
    """

    learner: ClassVar[None] = None
    group: ClassVar[str] = PRINCIPAL

    def __init__(self, num_arms: int, blank: Mapping[str, Array]) -> None:
        """Play so many arms, and remember what begins like this in every copy."""
        self.num_arms = num_arms
        shared = {"round": np.array(0), "offered": np.zeros(num_arms)}
        self._memory = Memory(shared | dict(blank))

    def begin_episode(self, mask: Mask | None) -> None:
        """Forget what was learned in the masked copies (E,), or in all."""
        self._memory.begin(mask)

    def act(self, observations: Observations, draws: Draws) -> Actions:
        """Offer where it is to, and repeat the offer where it waits: (E, 1, K)."""
        seen = observations[self.group][:, 0]
        memory = self._memory
        memory.open(len(seen))
        turn = seen[:, 0] == 1
        played = turn & (memory["round"] > 0)
        arms = seen[:, 1:-1].argmax(axis=1)
        outcome = Outcome(played, arms, seen[:, -1], memory["offered"].copy())
        offer = self._offer(outcome, turn, draws)
        memory["offered"][turn] = offer[turn]
        memory["round"][turn] += 1
        return {self.group: memory["offered"][:, None].copy()}

    @abstractmethod
    def _offer(self, outcome: Outcome, turn: Mask, draws: Draws) -> Floats:
        """Learn from the last round, then return offers (E, K) for the rounds that begin now."""


class NetUcb:
    """Upper confidence bounds on what recommending each arm brings, net of incentives."""

    def __init__(self, rounds: int) -> None:
        """Play about so many rounds, T."""
        self._width = 4 * np.log(max(rounds, 2))

    def index(self, sums: Floats, counts: Floats) -> Floats:
        """Return mean + sqrt(4 ln T / n), infinite for what was never tried: (E, K)."""
        tried = np.maximum(counts, 1)
        return np.where(counts > 0, sums / tried + np.sqrt(self._width / tried), np.inf)


def on_arm(arms: Integers, amounts: Floats, num_arms: int) -> Floats:
    """Return offers of an amount on one arm and nothing on the others: (E,), (E,) -> (E, K)."""
    return np.where(np.arange(num_arms) == arms[:, None], amounts[:, None], 0.0)


def check_game(num_arms: int, rounds: int, most: float) -> None:
    """Refuse a game that cannot be played.

    Raises:
        InvalidConfig: fewer than two arms, no rounds, or nothing that can be offered.
    """
    check_size("num_arms", num_arms, 2)
    check_size("rounds", rounds, 1)
    check_number("most", most, above=0)


def checked_interests(interests: Sequence[float]) -> Floats:
    """Return what arms are worth to an agent: (K,).

    Raises:
        InvalidConfig: fewer than two, or no finite numbers.
    """
    try:
        own = np.asarray(interests, dtype=np.float64)
    except (TypeError, ValueError):
        own = np.zeros(())
    if own.ndim != 1 or len(own) < 2 or not np.isfinite(own).all():
        raise InvalidConfig(
            f"interests are finite numbers, one for each of two arms or more, got {interests!r}"
        )
    return own
