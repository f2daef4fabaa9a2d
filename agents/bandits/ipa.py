"""IPA: search for the least incentive of each arm, then upper confidence bounds on the net."""

import math

import numpy as np

from rallypoint.agents import agents
from rallypoint.agents.bandits.principal import (
    NetUcb,
    Outcome,
    Principal,
    check_game,
    on_arm,
)
from rallypoint.batch_env import Mask
from rallypoint.draws import Draws, Floats
from rallypoint.errors import InvalidConfig


class Ipa(Principal):
    """Incentivised learning: K ceil(log2 T) rounds of bisection, then UCB on net rewards.

    In the search phase arm t mod K gets the middle of [lo, hi], which starts as [0, ``most``]: if
    it is pulled, hi moves there, else lo. From then on the arm with the highest index is offered
    hi + 1 / T², which a selfish agent with fixed interests always takes, and learning is from what
    it brought, net. What the search phase brought is not used. A round counts for the arm that was
    recommended, whatever the agent did.

    Source: Scheid et al. (2024), arXiv:2403.03811, and the authors' notebook.
    """

    def __init__(self, *, num_arms: int = 5, rounds: int = 2500, most: float = 1.0) -> None:
        """Play so many arms for so many rounds.

        Args:
            num_arms: K.
            rounds: T, which sets how long the search is and how fine.
            most: what the least incentives are known not to exceed.

        Raises:
            InvalidConfig: no such game, or the horizon is too short for the search phase.
        """
        check_game(num_arms, rounds, most)
        self.bits = math.ceil(math.log2(max(rounds, 2)))
        self.search = num_arms * self.bits
        if self.search >= rounds:
            raise InvalidConfig(
                f"the search phase of ipa takes {num_arms} ceil(log2 {rounds}) = {self.search} "
                f"rounds, and there are {rounds}; play longer, or with fewer arms"
            )
        super().__init__(
            num_arms,
            {
                "low": np.zeros(num_arms),
                "high": np.full(num_arms, float(most)),
                "sums": np.zeros(num_arms),
                "counts": np.zeros(num_arms),
                "recommended": np.array(0),
            },
        )
        self._margin = 1 / rounds**2
        self._ucb = NetUcb(rounds)
        self._most = float(most)

    @property
    def incentives(self) -> Floats:
        """What it has found each arm to take, from above: (E, K)."""
        found: Floats = self._memory["high"].copy()
        return found

    def _offer(self, outcome: Outcome, turn: Mask, draws: Draws) -> Floats:
        del draws  # deterministic
        memory = self._memory
        self._learn(outcome)
        searches = memory["round"] < self.search
        copies = np.arange(len(turn))
        next_arm = memory["round"] % self.num_arms
        middle = (memory["low"] + memory["high"])[copies, next_arm] / 2
        best = self._ucb.index(memory["sums"], memory["counts"]).argmax(axis=1)
        enough = np.minimum(memory["high"][copies, best] + self._margin, self._most)
        arms = np.where(searches, next_arm, best)
        memory["recommended"][turn] = arms[turn]
        return on_arm(arms, np.where(searches, middle, enough), self.num_arms)

    def _learn(self, outcome: Outcome) -> None:
        memory = self._memory
        arms = memory["recommended"]
        searched = outcome.played & (memory["round"] <= self.search)
        taken = outcome.arms == arms
        offered = outcome.offered[np.arange(len(arms)), arms]
        for name, rows in (("high", searched & taken), ("low", searched & ~taken)):
            memory[name][rows, arms[rows]] = offered[rows]
        rows = outcome.played & ~searched
        memory["sums"][rows, arms[rows]] += outcome.earned[rows]
        memory["counts"][rows, arms[rows]] += 1


agents.add("ipa", Ipa)
