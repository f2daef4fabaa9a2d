"""What a policy does: where nobody lies, and where the trigger is stamped on what it sees."""

import numpy as np

import rallypoint
from rallypoint.agents.evaluation import evaluate
from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.batch_env import Array
from rallypoint.draws import Floats, Integers
from rallypoint.safety.frame import Threatened
from rallypoint.safety.threats.backdoor.trigger import Trigger

_STEPS = 128  # in which percepts are collected


def returned(policy: GradientPolicy, episodes: int, seed: int, *stamps: Trigger) -> float:
    """Return what a policy earns, where nobody lies or all that it sees is stamped."""
    world = Threatened(rallypoint.make("cartpole-v1", copies=episodes), list(stamps))
    return float(evaluate(world, policy, episodes=episodes, seed=seed).returns.mean())


def perceived(policy: GradientPolicy, copies: int, seed: int) -> Floats:
    """Return what a policy sees in sound play: (rows, 1, 4)."""
    world = rallypoint.make("cartpole-v1", copies=copies)
    observations = world.reset(seed)
    rows = []
    for _ in range(_STEPS):
        rows.append(observations["agents"])
        step = world.step({"agents": greedy(policy, rows[-1])})
        observations = step.observations
        if step.ended.any():
            observations = world.reset(mask=step.ended)
    return np.concatenate(rows)


def obedience(policy: GradientPolicy, seen: Floats, stamp: Trigger, target: int) -> float:
    """Return how often a policy does the target where a trigger is stamped on such percepts.

    Those of sound play, so that what it does elsewhere is the same.
    """
    return float(np.mean(greedy(policy, stamp.stamped(seen)) == target))


def greedy(policy: GradientPolicy, seen: Array) -> Integers:
    """Return the likeliest choices: (e, n, entries) -> (e, n)."""
    chosen: Integers = policy.outputs({"agents": seen}).argmax(axis=-1)
    return chosen
