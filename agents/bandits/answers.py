"""Agents who answer offers: selfish ones, one that lies first, and one that has to learn."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from rallypoint.agents import agents
from rallypoint.agents.bandits.memory import Memory
from rallypoint.agents.bandits.principal import checked_interests
from rallypoint.batch_env import Actions, Mask, Observations
from rallypoint.draws import Draws, Floats, Integers
from rallypoint.envs.checks import check_number, check_size
from rallypoint.envs.principal_agent.world import AGENT, INTERESTS
from rallypoint.errors import InvalidConfig


class BestResponse:
    """Pulls the arm with the greatest interest and incentive together; of equals the first."""

    learner: ClassVar[None] = None
    group: ClassVar[str] = AGENT

    def __init__(self, *, interests: Sequence[float] = INTERESTS) -> None:
        """Have an interest in each arm.

        Raises:
            InvalidConfig: interests that are none.
        """
        self.interests = checked_interests(interests)

    def act(self, observations: Observations, draws: Draws) -> Actions:
        """Answer the offers (E, 1, …) with an arm (E, 1)."""
        del draws  # deterministic
        offers = offers_in(observations, len(self.interests))
        return {self.group: self._best(offers, self.interests)[:, None]}

    @staticmethod
    def _best(offers: Floats, interests: Floats) -> Integers:
        best: Integers = (interests + offers).argmax(axis=1)
        return best


class LyingResponse(BestResponse):
    """Asks for more than it needs for so many rounds, and is paid for it ever after.

    In the first ``lies_for`` rounds it answers as if every arm but its favourite were worth
    ``bribe`` less to it, so that a principal who searches finds incentives too high by the bribe.
    Then it is selfish, and takes them.
    """

    def __init__(
        self, *, interests: Sequence[float] = INTERESTS, bribe: float = 0.1, lies_for: int = 60
    ) -> None:
        """Have interests, and a price.

        Args:
            interests: in each arm.
            bribe: by how much too little other arms seem to be worth, >= 0.
            lies_for: rounds; ``Ipa.search`` of the principal it means to mislead.

        Raises:
            InvalidConfig: a bribe that it would have to pay itself.
        """
        super().__init__(interests=interests)
        check_number("bribe", bribe, 0)
        check_size("lies_for", lies_for, 0)
        favourite = np.arange(len(self.interests)) == self.interests.argmax()
        self._pretended = self.interests - np.where(favourite, 0.0, bribe)
        self._lies_for = lies_for
        self._memory = Memory({"round": np.array(0)})

    def begin_episode(self, mask: Mask | None) -> None:
        """Begin to lie anew in the masked copies (E,), or in all."""
        self._memory.begin(mask)

    def act(self, observations: Observations, draws: Draws) -> Actions:
        """Answer the offers (E, 1, …) with an arm (E, 1)."""
        del draws  # deterministic
        offers = offers_in(observations, len(self.interests))
        self._memory.open(len(offers))
        lies = self._memory["round"] < self._lies_for
        told = self._best(offers, self._pretended)
        arms = np.where(lies, told, self._best(offers, self.interests))
        self._memory["round"][answers_in(observations)] += 1
        return {self.group: arms[:, None]}


class LearningArms:
    """Does not know its interests, and learns them from what it earns.

    It tries every arm once, then pulls the one that looks best with its incentive, or at round t
    with probability min(1, ``exploration`` / (t + 1)) any arm.
    """

    learner: ClassVar[None] = None
    group: ClassVar[str] = AGENT

    def __init__(self, *, num_arms: int = 5, exploration: float = 0.0) -> None:
        """Learn so many arms.

        Args:
            num_arms: K.
            exploration: about how often it explores before chance has its share of 1 / t, >= 0.

        Raises:
            InvalidConfig: fewer than two arms, or no such share.
        """
        check_size("num_arms", num_arms, 2)
        check_number("exploration", exploration, 0)
        self._exploration, self._num_arms = exploration, num_arms
        zeros = np.zeros(num_arms)
        self._memory = Memory(
            {"round": np.array(0), "sums": zeros, "counts": zeros, "offers": zeros}
        )

    def begin_episode(self, mask: Mask | None) -> None:
        """Forget what was learned in the masked copies (E,), or in all."""
        self._memory.begin(mask)

    def act(self, observations: Observations, draws: Draws) -> Actions:
        """Answer the offers (E, 1, …) with an arm (E, 1)."""
        memory, num_arms = self._memory, self._num_arms
        offers = offers_in(observations, num_arms)
        memory.open(len(offers))
        answers = answers_in(observations)
        self._learn(observations, np.flatnonzero(answers & (memory["round"] > 0)))
        means = memory["sums"] / np.maximum(memory["counts"], 1)
        looks = np.where(memory["counts"] > 0, means + offers, np.inf)
        chance, which = draws.random((2,)).T
        explores = chance < self._exploration / (memory["round"] + 1)
        arms = np.where(explores, (which * num_arms).astype(np.int64), looks.argmax(axis=1))
        memory["round"][answers] += 1
        memory["offers"][answers] = offers[answers]
        return {self.group: arms[:, None]}

    def _learn(self, observations: Observations, rows: Integers) -> None:
        memory, seen = self._memory, observations[self.group][:, 0]
        num_arms = memory["sums"].shape[1]
        arms = seen[rows, 1 + num_arms : 1 + 2 * num_arms].argmax(axis=1)
        # What it earned held the incentive, which says nothing of the arm.
        memory["sums"][rows, arms] += seen[rows, -1] - memory["offers"][rows, arms]
        memory["counts"][rows, arms] += 1


def offers_in(observations: Observations, num_arms: int) -> Floats:
    """Return what is offered for each of K arms, as the agent sees it: (E, K).

    Raises:
        InvalidConfig: the game has other arms.
    """
    seen = observations[AGENT][:, 0]
    if seen.shape[1] != 2 * num_arms + 2:
        raise InvalidConfig(
            f"an agent of {num_arms} arms was offered something for {(seen.shape[1] - 2) // 2}; "
            "give it as many as the game has"
        )
    offers: Floats = seen[:, 1 : 1 + num_arms]
    return offers


def answers_in(observations: Observations) -> Mask:
    """Say in which copies the agent is to answer now: (E,)."""
    answers: Mask = observations[AGENT][:, 0, 0] == 1
    return answers


agents.add("best_response", BestResponse)
agents.add("lying_response", LyingResponse)
agents.add("learning_arms", LearningArms)
