"""Agents side by side: training them, and what they are worth under an attack."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import msgspec
import numpy as np

import rallypoint
from rallypoint.agents.adversary.defended import Training
from rallypoint.agents.adversary.trainee import copies_of
from rallypoint.agents.evaluation import Evaluation, evaluate
from rallypoint.agents.gradient.architecture import layers_of
from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.batch_env import Array, BatchEnv
from rallypoint.draws import Floats
from rallypoint.experiments.experiment import Receipts
from rallypoint.experiments.kept import Kept
from rallypoint.experiments.perception.attacks import Attack, Attacked
from rallypoint.experiments.perception.certified import soonest_fall
from rallypoint.experiments.perception.certified_arrivals import certified_arrivals
from rallypoint.experiments.perception.config import Budgets
from rallypoint.experiments.perception.tasks import Task
from rallypoint.plain_json import to_json
from rallypoint.safety.frame import Threatened
from rallypoint.safety.perception.reach import Reach
from rallypoint.safety.receipts import disagreements
from rallypoint.snapshots import as_array, as_text

_TEST = 1 << 32  # seed of test episodes, which no training has


@dataclass(frozen=True)
class Measured:
    """What came of R agents, or teams, under an attack."""

    scores: Floats  # (R,) means over episodes
    whole: Floats  # (R,) shares of episodes in which everybody did as well as can be
    receipts: Receipts | None = None


class Bench:
    """Where agents of some seeds are trained and measured in one world."""

    def __init__(self, task: Task, config: Budgets, seeds: Sequence[int], kept: Kept) -> None:
        """Set up.

        Args:
            task: the world, and how agents learn in it.
            config: how much.
            seeds: of the agents.
            kept: what is finished already.
        """
        self.task, self.config = task, config
        self.seeds = tuple(seeds)
        self._kept = kept

    def make(self, each: int) -> BatchEnv:
        """Make a world with so many copies for each agent."""
        return rallypoint.make(self.task.world, copies=copies_of(self.seeds, each))

    def reach(self, epsilon: float, *, shared: bool = False) -> Reach:
        """Return how far lies of a size go."""
        return Reach(norm="linf", step=epsilon, scale=self.task.scale, shared=shared)

    def trained(self, way: str, epsilon: float) -> GradientPolicy:
        """Train an agent for each seed, or take those that were."""
        config, task = self.config, self.task
        name = f"{task.name}/trained-{way}"
        about = self._about(way=way, epsilon=epsilon, kappa=config.kappa)

        def train() -> dict[str, Array]:
            settings: Any = {"way": way, "sigma": epsilon, "kappa": config.kappa}
            reach = self.reach(epsilon)
            training = Training(**settings, reach=reach, learner=task.learner, rounds=config.rounds)
            trainee = training.train(lambda: self.make(config.copies), self.seeds)
            return {"weights": trainee.weights}

        found = self._kept.piece(name, about, train)
        (group,) = self.make(1).groups
        made = task.learner.architecture(group)
        return GradientPolicy(made, found["weights"], group, greedy=task.greedy)

    def certified(self, policy: GradientPolicy, epsilon: float) -> Floats:
        """Return what no lie of a size can take, in the episodes that attacks are tried in: (R,).

        That of CartPole holds for lies of any size.
        """
        world = self.make(self.config.episodes)
        if self.task.name == "cartpole":
            world.reset(_TEST)
            return self._by_agent(soonest_fall(world.state()))
        made = self.task.learner.architecture(policy.group)
        networks = [layers_of(made, weights) for weights in policy.parameters]
        return self._by_agent(certified_arrivals(world, policy, networks, epsilon, seed=_TEST))

    def clean(self, policy: GradientPolicy) -> Measured:
        """Return what agents are worth that nobody lies to."""
        return self._measured(self._played(self.make(self.config.episodes), policy))

    def attacked(self, policy: GradientPolicy, attack: Attack, who: str) -> Measured:
        """Return what agents are worth under an attack, and what it really did."""
        config, task = self.config, self.task
        condition = f"{who}/{attack.name}"
        name = f"{task.name}/{condition}"
        about = self._about(who=who, attack=asdict(attack), attacker=asdict(task.attacker))
        about |= {"attacker_rounds": config.attacker_rounds, "episodes": config.episodes}

        def measure() -> dict[str, Array]:
            attacked = Attacked(
                policy,
                self.make,
                self.seeds,
                self.reach(attack.epsilon, shared=attack.shared),
                attacker=task.attacker,
                rounds=config.attacker_rounds,
                copies=config.copies,
            )
            env = Threatened(self.make(config.episodes), attacked.threat(attack), policy=policy)
            played = self._played(env, policy)
            receipts = env.receipts()
            told = {
                "receipts": [receipt.to_dict() for receipt in receipts],
                "wrong": disagreements(env.model, receipts),
            }
            measured = self._measured(played)
            whole = {"scores": measured.scores, "whole": measured.whole}
            return whole | {"told": as_array(to_json(told))}

        found = self._kept.piece(name, about, measure)
        told = msgspec.json.decode(as_text(found["told"]) or "")
        label = condition if task.name == "cartpole" else name
        receipts_of = Receipts(label, told["receipts"], tuple(told["wrong"]))
        return Measured(found["scores"], found["whole"], receipts_of)

    def _played(self, env: BatchEnv, policy: GradientPolicy) -> Evaluation:
        return evaluate(env, policy, episodes=env.num_copies, seed=_TEST)

    def _measured(self, found: Evaluation) -> Measured:
        scores = self.task.score(found)
        return Measured(self._by_agent(scores), self._by_agent(scores >= self.task.best))

    def _by_agent(self, by_episode: Any) -> Floats:
        mean: Floats = np.asarray(by_episode).reshape(len(self.seeds), -1).mean(axis=1)
        return mean

    def _about(self, **more: Any) -> dict[str, Any]:
        own = {"world": self.task.world, "seeds": self.seeds, "greedy": self.task.greedy}
        learner = {"learner": asdict(self.task.learner)}
        sizes = {"copies": self.config.copies, "rounds": self.config.rounds}
        return own | learner | sizes | more
