"""Policies that balance a pole under noise, and episodes of them."""

import numpy as np

import rallypoint
from rallypoint.agents.evaluation import evaluate
from rallypoint.agents.gradient.architecture import Parameters
from rallypoint.agents.gradient.learners import PpoLearner
from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.agents.gradient.trained import trained
from rallypoint.batch_env import BatchEnv
from rallypoint.draws import Floats
from rallypoint.experiments.experiment import Advance
from rallypoint.policies import Policy
from rallypoint.safety.smoothing import NoisyWorld

STEPS = 500  # of an episode, each of which pays 1
_COPIES = 32  # to learn in
_LEARNER = PpoLearner(
    value=(64,),
    learning_rate=2e-3,
    final_rate=2e-4,
    minibatch=512,
    epochs=6,
    gamma=0.98,
)


def poles(copies: int) -> BatchEnv:
    """Make poles to balance."""
    return rallypoint.make("cartpole-v1", copies=copies, max_cycles=STEPS)


def learned(sigma: float, rounds: int, seed: int, advance: Advance) -> GradientPolicy:
    """Let PPO learn under noise; return the policy beneath the noise, greedy."""
    world = NoisyWorld(poles(_COPIES), sigma)
    return trained(world, _LEARNER, rounds=rounds, seed=seed, advance=advance).greedily()


def of_weights(weights: Parameters) -> GradientPolicy:
    """Return the policy of weights that were learned so, greedy."""
    (group,) = poles(1).groups
    return GradientPolicy(_LEARNER.architecture(group), weights, group, greedy=True)


def returns(world: BatchEnv, policy: Policy, seed: int) -> Floats:
    """Play an episode in every copy; return what each paid in all: (E,)."""
    found = evaluate(world, policy, episodes=world.num_copies, seed=seed)
    total: Floats = np.asarray(found.returns).sum(axis=1)
    return total
