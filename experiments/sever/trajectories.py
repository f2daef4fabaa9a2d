"""Gradients of single trajectories, some of whose rewards are lies."""

from typing import NamedTuple

import numpy as np

import rallypoint
from rallypoint.agents.gradient.actor_critic import ActorCritic
from rallypoint.agents.gradient.contributors import Contributors
from rallypoint.agents.gradient.fragment import Rollout
from rallypoint.agents.gradient.learners import GpomdpLearner
from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.draws import Draws, Floats, Mask, stream
from rallypoint.experiments.sever.config import SeverConfig
from rallypoint.safety.frame import Threatened
from rallypoint.safety.limits import Byzantine
from rallypoint.safety.receipts import Receipt, disagreements
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats.feedback.reward_flip import RewardFlip

# Who lies: every contributor now and then, one or a few always, or one of them now and then.
SCENES = ("spread", "whole", "single", "quiet")


class Gradients(NamedTuple):
    """What contributors have to aggregate."""

    each: Floats  # (contributors, trajectories, d)
    lies: Mask  # (contributors, trajectories)
    honest: Floats  # (d,) mean over the trajectories that are none
    receipts: tuple[Receipt, ...]
    wrong: list[str]


def gradients(config: SeverConfig, scene: str, seed: int) -> Gradients:
    """Play every trajectory by one policy, and follow each back once.

    A trajectory's gradient is what a contributor that had no other would send, so they all come of
    one batched backward; a contributor's own is the mean of its trajectories'.
    """
    lies = lies_of(config, scene, seed, config.trajectories)
    shape = lies.shape
    copies = [seed * 100_000 + k for k in range(lies.size)]
    factor = 1.0 if scene == "quiet" else config.factor
    model = model_of(factor)
    world = Threatened(
        rallypoint.make("cartpole-v1", copies=copies), model, byzantine=lies.reshape(-1, 1)
    )
    learner = GpomdpLearner(policy=(16, 16), gamma=0.99, whiten="none")
    (group,) = world.groups
    networks = learner.architecture(group)
    start = networks.initial(stream(seed, "sever/initial"), scheme=learner.initial)[None]
    rollout = Rollout(world, Draws(seed, "sever/act", world.copies))
    fragment = rollout.episodes(GradientPolicy(networks, start, group), seed=seed)
    alone = Contributors(who="workers", count=lies.size)
    both = ActorCritic(networks)
    batch = learner.prepare(both, start, fragment, alone)
    found = learner.gradient(both, start, batch)[0].astype(np.float64)  # (n, d)
    receipts = world.receipts()
    return Gradients(
        found.reshape(*shape, -1),
        lies,
        found[~lies.ravel()].mean(axis=0),
        receipts,
        disagreements(model, receipts),
    )


def model_of(factor: float) -> ThreatModel:
    """Return what liars do: they reverse rewards, and stretch them by a factor."""
    return ThreatModel(
        byzantine=Byzantine(count=1),  # told to the frame as a mask of copies instead
        threats=(RewardFlip(victims="byzantine", factor=factor),),
    )


def lies_of(config: SeverConfig, scene: str, seed: int, count: int) -> Mask:
    """Return which trajectories of each contributor are lies, of so many: (contributors, count)."""
    rng = stream(seed, "sever/lies", scene)
    lies = np.zeros((config.contributors, count), dtype=bool)
    if scene == "none":
        return lies
    if scene == "whole":
        lies[rng.choice(config.contributors, config.liars, replace=False)] = True
        return lies
    order = rng.permuted(np.tile(np.arange(count), (config.contributors, 1)), axis=1)
    lies[:] = order < max(1, round(config.share * count))
    if scene == "single":
        lies[np.arange(config.contributors) != rng.integers(config.contributors)] = False
    return lies
