"""CartPole, played side by side by all runs of an experiment, each at parameters of its own."""

from collections.abc import Sequence

import numpy as np

import rallypoint
from rallypoint.agents.gradient.actor_critic import ActorCritic
from rallypoint.agents.gradient.contributors import Contributors
from rallypoint.agents.gradient.fragment import Rollout
from rallypoint.agents.gradient.learners import GpomdpLearner
from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.agents.rounds.protocols import Floats as Models
from rallypoint.draws import Draws, Floats, stream
from rallypoint.experiments.seeds import shards

LEARNER = GpomdpLearner(policy=(16, 16), initial="uniform")
LEARNT = 400.0  # return from which a policy is said to have learned


class Poles:
    """Episodes and gradients of so many runs, at as many parameters as they bring."""

    def __init__(
        self, places: Sequence[int], episodes: int, *, contributors: int = 1, models: int = 1
    ) -> None:
        """Set up.

        Args:
            places: of the runs, in the ids of copies; a run plays the same whichever others do.
            episodes: of each run, from its every contributor and model.
            contributors: who share the parameters that they act on.
            models: with parameters and gradients of their own, in each run.
        """
        world = rallypoint.make(
            "cartpole-v1", copies=shards(places, contributors * models * episodes)
        )
        self._group = world.groups[0]
        self._networks = LEARNER.architecture(self._group)
        self._rollout = Rollout(world, Draws(0, "gradient/act", world.copies))
        self._contributors = Contributors(count=contributors, runs=len(places) * models)

    def start(self, seed: int) -> Models:
        """Return the parameters that all runs of a seed begin with: (d,)."""
        parameters: Models = self._networks.initial(
            stream(seed, "gradient/initial"), scheme=LEARNER.initial
        )
        return parameters

    def play(self, parameters: Models, key: int) -> tuple[Floats, Models]:
        """Return returns and gradients, (P, n) and (P, n, d), at parameters (P, d)."""
        policy = GradientPolicy(self._networks, parameters, self._group)
        played = self._rollout.episodes(policy, seed=key)
        rewards = np.where(played.acting, played.rewards, 0).sum(axis=(0, 2))
        learned = ActorCritic(self._networks)
        batch = LEARNER.prepare(learned, parameters, played, self._contributors)
        gradients = LEARNER.gradient(learned, parameters, batch)
        count = self._contributors.count
        return rewards.reshape(len(parameters), count, -1).mean(axis=2), gradients

    def play_models(self, models: Models, key: int) -> tuple[Floats, Models]:
        """Return returns and gradients, (R, n) and (R, n, d), at n models of each run (R, n, d)."""
        brought, found = self.play(models.reshape(-1, models.shape[-1]), key)
        return brought.reshape(models.shape[:2]), found.reshape(models.shape).copy()


def told_of(curve: Floats) -> dict[str, float | int | None]:
    """Return the mean return of the last tenth of the rounds, and from which on it was learned."""
    return {"return": float(curve[-max(1, len(curve) // 10) :].mean()), "learnt": learnt(curve)}


def learnt(curve: Floats) -> int | None:
    """Return the round from which the mean return of five is 400 or more, if there is one."""
    smooth = np.convolve(curve, np.full(5, 0.2), mode="valid")
    enough = np.flatnonzero(smooth >= LEARNT)
    return int(enough[0]) + 5 if len(enough) else None
