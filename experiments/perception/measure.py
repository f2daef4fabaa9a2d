"""Agents side by side: training them, and what they return under an attack."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import rallypoint
from rallypoint.agents.adversary.defended import Training
from rallypoint.agents.adversary.trainee import copies_of
from rallypoint.agents.evaluation import evaluate
from rallypoint.agents.gradient.learners import PpoLearner
from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.batch_env import BatchEnv
from rallypoint.draws import Floats
from rallypoint.experiments.experiment import Receipts
from rallypoint.experiments.perception.attacks import Attacked
from rallypoint.experiments.perception.certified import soonest_fall
from rallypoint.experiments.perception.config import SCALE, PerceptionConfig
from rallypoint.safety.frame import Threatened
from rallypoint.safety.perception.reach import Reach
from rallypoint.safety.receipts import disagreements

_TEST = 1 << 32  # seed of test episodes, which no training has
LEARNER = PpoLearner(steps=128, learning_rate=1e-3, minibatch=128, epochs=6)
ATTACKER = PpoLearner(steps=128, learning_rate=3e-3, minibatch=128, epochs=6)


@dataclass(frozen=True)
class Measured:
    """What came of R agents under an attack."""

    returns: Floats  # (R,) means over episodes
    receipts: Receipts | None


class Bench:
    """Where agents of some seeds are trained and measured."""

    def __init__(self, config: PerceptionConfig, seeds: Sequence[int]) -> None:
        """Set up."""
        self.config = config
        self._seeds = list(seeds)

    def make(self, each: int) -> BatchEnv:
        """Make a world with so many copies for each agent."""
        return rallypoint.make("cartpole-v1", copies=copies_of(self._seeds, each))

    def trained(self, way: str, epsilon: float) -> GradientPolicy:
        """Train an agent for each seed; they act greedily."""
        config = self.config
        settings: Any = {"way": way, "sigma": epsilon, "kappa": config.kappa}
        training = Training(
            **settings, reach=reach_of(epsilon), learner=LEARNER, rounds=config.rounds
        )
        return training.train(lambda: self.make(config.copies), self._seeds).policy()

    def certified(self) -> Floats:
        """Return what no lie can take from any agent, in the episodes that attacks are tried in."""
        world = self.make(self.config.episodes)
        world.reset(_TEST)
        found = soonest_fall(world.state())
        mean: Floats = found.reshape(len(self._seeds), -1).mean(axis=1)
        return mean

    def clean(self, policy: GradientPolicy) -> Floats:
        """Return what agents get that nobody lies to: (R,)."""
        return self._returns(self.make(self.config.episodes), policy)

    def attacked(self, policy: GradientPolicy, epsilon: float, kind: str, who: str) -> Measured:
        """Return what agents get under an attack, and what it really did."""
        config = self.config
        attacked = Attacked(
            policy,
            self.make,
            self._seeds,
            reach_of(epsilon),
            attacker=ATTACKER,
            rounds=config.attacker_rounds,
            copies=config.copies,
        )
        env = Threatened(self.make(config.episodes), attacked.threat(kind), policy=policy)
        returns = self._returns(env, policy)
        found = env.receipts()
        told = [receipt.to_dict() for receipt in found]
        wrong = tuple(disagreements(env.model, found))
        return Measured(returns, Receipts(f"{who}/{kind}-{epsilon:g}", told, wrong))

    def _returns(self, env: BatchEnv, policy: GradientPolicy) -> Floats:
        episodes = env.num_copies
        found = evaluate(env, policy, episodes=episodes, seed=_TEST).returns[:, 0]
        mean: Floats = found.reshape(len(self._seeds), -1).mean(axis=1)
        return mean


def reach_of(epsilon: float) -> Reach:
    """Return how far lies of a size go."""
    return Reach(norm="linf", step=epsilon, scale=SCALE)
