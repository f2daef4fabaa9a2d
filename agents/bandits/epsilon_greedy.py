"""A principal that now and then offers anything at all, and else what it is sure will do."""

import numpy as np

from rallypoint.agents import agents
from rallypoint.agents.bandits.principal import Outcome, Principal, check_game, on_arm
from rallypoint.batch_env import Mask
from rallypoint.draws import Draws, Floats, Integers
from rallypoint.envs.checks import check_number

_ROUNDING = 1e-9  # of sums of bounds


class EpsilonGreedyPrincipal(Principal):
    """Explores with random offers, and exploits the arm that looks best net of a sure incentive.

    An agent that pulls arm a under offers p has s_b - s_a <= p_a - p_b for every b. The tightest
    bounds that follow from all answers so far are shortest paths between arms, so that an incentive
    of max_b (bound on s_b - s_a) is sure to do for a selfish agent. Exploration at round t has
    probability min(1, ``exploration`` / (t + 1)). An answer that no fixed interests explain, given
    those before, is counted, and all bounds are forgotten: the agent has lied, or learns.

    Source: in the setting of Dogan, Shen & Aswani (2023), "Repeated Principal-Agent Games with
    Unobserved Agent Rewards and Perfect-Knowledge Agents", arXiv:2304.07407, which solves linear
    programmes for what is found here by shortest paths.
    """

    def __init__(
        self,
        *,
        num_arms: int = 5,
        rounds: int = 2500,
        most: float = 1.0,
        exploration: float = 500.0,
    ) -> None:
        """Play so many arms.

        Args:
            num_arms: K.
            rounds: T, which sets the margin 1 / T² by which incentives exceed what is sure.
            most: what the least incentives are known not to exceed.
            exploration: about how often it explores before chance has its share of 1 / t.

        Raises:
            InvalidConfig: no such game, or it would never explore.
        """
        check_game(num_arms, rounds, most)
        check_number("exploration", exploration, above=0)
        bounds = np.where(np.eye(num_arms, dtype=bool), 0.0, float(most))
        zeros = np.zeros(num_arms)
        self._nothing_known = bounds
        blank = {"bounds": bounds, "sums": zeros, "counts": zeros}
        super().__init__(num_arms, blank | {"contradictions": np.array(0)})
        self._margin, self._most = 1 / rounds**2, float(most)
        self._exploration = exploration

    @property
    def contradictions(self) -> Integers:
        """How many answers no fixed interests explain: (E,)."""
        found: Integers = self._memory["contradictions"].copy()
        return found

    def _offer(self, outcome: Outcome, turn: Mask, draws: Draws) -> Floats:
        del turn  # offers elsewhere are not made
        self._learn(outcome)
        memory = self._memory
        chance = draws.random()
        anything = self._most * draws.random((self.num_arms,))
        explores = chance < self._exploration / (memory["round"] + 1)
        sure = np.minimum(memory["bounds"].max(axis=1) + self._margin, self._most)  # (E, K)
        means = memory["sums"] / np.maximum(memory["counts"], 1)
        looks = np.where(memory["counts"] > 0, means, np.inf) - sure
        best = looks.argmax(axis=1)
        settled = on_arm(best, sure[np.arange(len(best)), best], self.num_arms)
        return np.where(explores[:, None], anything, settled)

    def _learn(self, outcome: Outcome) -> None:
        memory, rows = self._memory, np.flatnonzero(outcome.played)
        if not len(rows):
            return
        arms, offered = outcome.arms[rows], outcome.offered[rows]
        paid = offered[np.arange(len(rows)), arms]
        memory["sums"][rows, arms] += outcome.earned[rows] + paid
        memory["counts"][rows, arms] += 1
        each = np.arange(len(rows))
        bounds = memory["bounds"][rows]  # (e, b, a), of s_b - s_a
        told = paid[:, None] - offered  # (e, b), of s_b - s_arm
        # Who prefers arm to b by more than told allows has answered otherwise before.
        contradicts = (told + bounds[each, arms] < -_ROUNDING).any(axis=1)
        memory["contradictions"][rows] += contradicts
        bounds[contradicts] = self._nothing_known
        # What is new are edges into one arm, and a shortest path goes by at most one of them.
        into = np.minimum(bounds[each, :, arms], told)
        into = (bounds + into[:, None]).min(axis=2)
        through = into[:, :, None] + bounds[each, arms][:, None]
        closed = np.minimum(bounds, through)
        arms = np.arange(self.num_arms)
        closed[:, arms, arms] = 0  # rounding, which would add up
        memory["bounds"][rows] = closed


agents.add("epsilon_greedy_principal", EpsilonGreedyPrincipal)
