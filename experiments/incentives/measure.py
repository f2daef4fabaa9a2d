"""Games between a principal and an agent: every seed a row, every one of its games a column."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from rallypoint.agents.bandits import (
    BestResponse,
    EpsilonGreedyPrincipal,
    Ipa,
    LearningArms,
    LyingResponse,
    Pair,
    UcbOracle,
)
from rallypoint.agents.episodes import play
from rallypoint.draws import Draws, Floats
from rallypoint.envs.principal_agent.world import INTERESTS, MEANS, PrincipalAgent

_TEST = 0  # root seed: the seeds of a run are global ids of games


class Instance(NamedTuple):
    """What each arm brings both."""

    means: Sequence[float] = MEANS
    interests: Sequence[float] = INTERESTS

    @property
    def num_arms(self) -> int:
        """K."""
        return len(self.means)


PUBLISHED = Instance()


class Game(NamedTuple):
    """What came of games, round by round."""

    regret: Floats  # (R, T) summed so far, mean over a seed's games; of nets for least incentives
    arms: Floats  # (R, K) share of rounds at which each arm was pulled
    overpaid: Floats  # (R,) mean incentive beyond the least, over the second half

    @property
    def last(self) -> Floats:
        """Regret at the end: (R,)."""
        return self.regret[:, -1]


# The exploration that regrets least on seeds 1000 to 1003, of 10, 20, 30, 50, 100 and the published
# 500; none of these seeds is reported.
_TUNED = 30.0
PRINCIPALS: dict[str, Callable[[Instance, int], Any]] = {
    "ipa": lambda instance, rounds: Ipa(num_arms=instance.num_arms, rounds=rounds),
    "oracle": lambda instance, rounds: UcbOracle(interests=instance.interests, rounds=rounds),
    "epsilon_greedy": lambda instance, rounds: EpsilonGreedyPrincipal(
        num_arms=instance.num_arms, rounds=rounds
    ),
    "tuned_epsilon_greedy": lambda instance, rounds: EpsilonGreedyPrincipal(
        num_arms=instance.num_arms, rounds=rounds, exploration=_TUNED
    ),
}


def agents_for(instance: Instance, rounds: int, bribe: float) -> dict[str, Any]:
    """Return the agents that are met: a selfish one, one that lies, and one that learns."""
    lies_for = Ipa(num_arms=instance.num_arms, rounds=rounds).search
    return {
        "selfish": BestResponse(interests=instance.interests),
        "lying": LyingResponse(interests=instance.interests, bribe=bribe, lies_for=lies_for),
        "learning": LearningArms(num_arms=instance.num_arms, exploration=20.0),
    }


def played(
    seeds: tuple[int, ...],
    games: int,
    pair: tuple[Any, Any],
    *,
    rounds: int,
    instance: Instance = PUBLISHED,
) -> Game:
    """Let a principal and an agent play."""
    copies = [seed * games + k for seed in seeds for k in range(games)]
    env = PrincipalAgent(
        copies=copies, means=instance.means, interests=instance.interests, rounds=rounds
    )
    best = env.nets.max()
    shape = (len(seeds), games)
    regret = np.empty((len(seeds), rounds))
    pulls = np.zeros((len(copies), instance.num_arms))
    overpaid = np.zeros(len(copies))
    total = np.zeros(len(copies))
    for moment in play(env, Pair(*pair), Draws(_TEST, "incentives/play", copies), seed=_TEST):
        number, answers = divmod(moment.time, 2)
        if not answers:
            continue
        infos = moment.step.infos
        arms = moment.actions["agent"][:, 0]
        total += best - infos["net"]
        pulls[np.arange(len(copies)), arms] += 1
        if number >= rounds // 2:
            overpaid += infos["paid"] - env.least[arms]
        regret[:, number] = total.reshape(shape).mean(axis=1)
    later = rounds - rounds // 2
    return Game(
        regret,
        (pulls / rounds).reshape(*shape, -1).mean(axis=1),
        (overpaid / later).reshape(shape).mean(axis=1),
    )
