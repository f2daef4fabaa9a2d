"""A principal that is told the least incentive of each arm: what IPA is measured against."""

from collections.abc import Sequence

import numpy as np

from rallypoint.agents import agents
from rallypoint.agents.bandits.principal import (
    NetUcb,
    Outcome,
    Principal,
    check_game,
    checked_interests,
    on_arm,
)
from rallypoint.batch_env import Mask
from rallypoint.draws import Draws, Floats
from rallypoint.envs.principal_agent.world import INTERESTS


class UcbOracle(Principal):
    """Upper confidence bounds on net rewards from the first round on, knowing the interests.

    Source: Scheid et al. (2024), arXiv:2403.03811: the baseline that knows the agent.
    """

    def __init__(
        self, *, interests: Sequence[float] = INTERESTS, rounds: int = 2500, most: float = 1.0
    ) -> None:
        """Play for so many rounds.

        Args:
            interests: of the agent in each arm, as it has them.
            rounds: T.
            most: the highest incentive that can be offered.

        Raises:
            InvalidConfig: no such game, or interests that are none.
        """
        own = checked_interests(interests)
        check_game(len(own), rounds, most)
        zeros = np.zeros(len(own))
        super().__init__(len(own), {"sums": zeros, "counts": zeros, "recommended": np.array(0)})
        self._enough = np.minimum(own.max() - own + 1 / rounds**2, most)
        self._ucb = NetUcb(rounds)

    def _offer(self, outcome: Outcome, turn: Mask, draws: Draws) -> Floats:
        del draws  # deterministic
        memory = self._memory
        rows, arms = outcome.played, memory["recommended"]
        memory["sums"][rows, arms[rows]] += outcome.earned[rows]
        memory["counts"][rows, arms[rows]] += 1
        best = self._ucb.index(memory["sums"], memory["counts"]).argmax(axis=1)
        memory["recommended"][turn] = best[turn]
        return on_arm(best, self._enough[best], self.num_arms)


agents.add("ucb_oracle", UcbOracle)
