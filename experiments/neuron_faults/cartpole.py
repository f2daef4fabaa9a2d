"""A pole balanced by a policy with broken neurons: what is certified, and what comes of it."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

import rallypoint
from rallypoint.agents.episodes import play
from rallypoint.agents.evaluation import evaluate
from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.batch_env import Array
from rallypoint.draws import Draws, Floats
from rallypoint.experiments.neuron_faults.policies import WORLD
from rallypoint.safety.certificates.interval_bounds import greatest_signals
from rallypoint.safety.certificates.neuron_faults import (
    unmoved,
    worst_by_matrices,
    worst_split,
)
from rallypoint.safety.frame import Threatened
from rallypoint.safety.neurons.damage import signals_of
from rallypoint.safety.neurons.plans import failing
from rallypoint.safety.neurons.positions import among, marked, neurons_that_matter
from rallypoint.safety.receipts import Receipt, disagreements
from rallypoint.safety.threats.neuron_faults import NeuronFaults

BOUNDS = ("published", "matrices")
_VISITED = 16  # episodes whose states are looked at
_EVERY = 5  # steps between two that are: neighbours are alike
_TRIED = 40  # choices of failed neurons by which certified states are tried


def visited(policy: GradientPolicy, seed: int) -> Array:
    """Return states that a policy comes to: (rows, entries)."""
    world = rallypoint.make(WORLD, copies=_VISITED)
    draws = Draws(seed, "neuron-faults/visited", world.copies)
    seen = [
        moment.observations["agents"][moment.in_first_episode, 0]
        for moment in play(world, policy, draws, seed=seed)
        if moment.time % _EVERY == 0
    ]
    return np.concatenate(seen)


class Certified(NamedTuple):
    """In which share of visited states an action stands whichever neurons crash."""

    shares: Floats  # (faults, bounds)
    changed: int  # certified states in which a choice of failed neurons changed the action


def certified(
    policy: GradientPolicy, seen: Array, faults: Sequence[int], rng: np.random.Generator
) -> Certified:
    """Certify states (rows, entries) for each number of crashes, and try to prove it wrong.

    Crashed neurons are bounded over the box of these states, beyond which nothing is said.
    """
    layers = policy.layers()
    capacity = greatest_signals(layers, (seen.min(axis=0), seen.max(axis=0)))
    outputs = signals_of(layers, seen.astype(np.float64))[-1]
    actions = outputs.argmax(axis=1)
    shares, changed = np.empty((len(faults), len(BOUNDS))), 0
    for place, failed in enumerate(faults):
        published = np.full(outputs.shape[1], worst_split(layers, failed, capacity).bound)
        stands = [
            unmoved(outputs, bound)
            for bound in (published, worst_by_matrices(layers, failed, capacity))
        ]
        shares[place] = [mask.mean() for mask in stands]
        safe = np.logical_or.reduce(stands)
        if failed and safe.any():
            for masks in _tried(policy, failed, rng):
                broken = signals_of(layers, seen[safe].astype(np.float64), failing(masks, 0.0))[-1]
                changed += int((broken.argmax(axis=1) != actions[safe]).sum())
    return Certified(shares, changed)


def _tried(
    policy: GradientPolicy, failed: int, rng: np.random.Generator
) -> list[list[np.ndarray[tuple[int, ...], np.dtype[np.bool_]]]]:
    """Return choices of neurons: those that matter most, then random ones."""
    layers = policy.layers()
    total = len(layers[0].weights)
    worst = np.argsort(-neurons_that_matter(layers))[:failed]
    chosen = [worst, *among(rng.random((_TRIED, failed)), total)]
    return [marked(each, [total]) for each in chosen]


class Played(NamedTuple):
    """How well a damaged policy did."""

    share: float  # of what the world pays at most
    receipt: Receipt
    disagreements: tuple[str, ...]


def played(
    policy: GradientPolicy, fault: str, choice: str, failed: int, *, episodes: int, seed: int
) -> Played:
    """Play whole episodes with so many neurons broken."""
    threat = NeuronFaults(fault=fault, choice=choice, count=failed)
    world = Threatened(rallypoint.make(WORLD, copies=episodes), [threat], policy=policy, seed=seed)
    found = evaluate(world, policy, episodes=episodes, seed=seed)
    (receipt,) = world.receipts()
    assert world.time_limit is not None, "a pole is balanced for so many steps at most"
    share = float(found.returns.mean()) / world.time_limit
    return Played(share, receipt, tuple(disagreements(world.model, [receipt])))
