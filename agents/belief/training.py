"""Learning whom to believe hostile, from episodes in which Nature's draw is known."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from rallypoint.agents.belief.features import Features, Singles
from rallypoint.agents.belief.network import BeliefNetwork
from rallypoint.agents.episodes import play
from rallypoint.draws import Draws, Floats, Mask
from rallypoint.errors import InvalidConfig
from rallypoint.policies import Policy
from rallypoint.safety.frame import Threatened


@dataclass(frozen=True, kw_only=True)
class BeliefTraining:
    """How a belief is learned."""

    batches: int = 30  # of one episode in every copy of the world
    passes: int = 4  # gradient steps on each batch
    step_size: float = 5e-3  # of Adam; the paper's 5e-4 takes ten times as many episodes
    hidden: int = 32  # numbers that an agent remembers


class Course(NamedTuple):
    """One episode of every copy, from every agent's side: rows are copies times agents."""

    inputs: Singles  # (T, E * N, features)
    counts: Mask  # (T, E * N) the agent is in its first episode, and in the world
    is_hostile: Mask  # (E * N, N) as Nature drew it


def train_belief(
    env: Threatened, policy: Policy, training: BeliefTraining, *, seed: int
) -> tuple[BeliefNetwork, list[float]]:
    """Learn to tell who is hostile from what each agent sees and does; return the losses too.

    Losses are binary cross-entropies per step and teammate, in nats, one for each batch, before
    the network was changed on it. Whoever always says the base rate p loses the entropy of p.

    Args:
        env: a world under threats to actions. It is reset.
        policy: acts for all its agents, and goes on acting so wherever the belief is used.
        training: how long, and how fast.
        seed: of world, policy and weights.

    Raises:
        InvalidConfig: nobody can be hostile in it, or a world whose percepts or actions do not
            become numbers.
    """
    if not any(threat.site == "action" for threat in env.model.threats):
        raise InvalidConfig("nobody's actions are under threat in this world: nothing to believe")
    features = Features.of(env)
    network = BeliefNetwork(features.size, env.num_agents, hidden=training.hidden, seed=seed)
    optimiser = torch.optim.Adam(network.parameters(), lr=training.step_size)
    draws = Draws(seed, "belief/policy", env.copies)
    losses = []
    for batch in range(training.batches):
        course = followed(env, policy, features, draws, seed=seed if batch == 0 else None)
        for step in range(training.passes):
            loss = _loss(network, course)
            if step == 0:
                losses.append(loss.item())
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # of torch
            optimiser.step()
    return network, losses


def followed(
    env: Threatened, policy: Policy, features: Features, draws: Draws, *, seed: int | None
) -> Course:
    """Play one episode in every copy, and note what each agent saw and did before."""
    name = features.group.name
    rows = env.num_copies * env.num_agents
    shape = (env.num_copies, env.num_agents)
    before = np.zeros((*shape, features.num_seen + features.num_actions), dtype=np.float32)
    inputs, counts, hostile = [], [], None
    for moment in play(env, policy, draws, seed=seed):
        seen = features.seen(moment.observations[name])
        if hostile is None:
            hostile, present = env.hostile.copy(), np.ones(shape, dtype=bool)
        inputs.append(np.concatenate([seen, before], axis=2).reshape(rows, -1))
        counts.append((moment.in_first_episode[:, None] & present).reshape(rows))
        before = np.concatenate([seen, features.done(moment.actions[name])], axis=2)
        present = moment.step.alive
    assert hostile is not None, "an episode has a step"
    by_row: Mask = np.repeat(hostile, env.num_agents, axis=0)
    return Course(np.stack(inputs), np.stack(counts), by_row)


def cross_entropy(network: BeliefNetwork, course: Course) -> NDArray[np.float64]:
    """Return the mean binary cross-entropy at each step of a course, in nats: (T,)."""
    with torch.no_grad():
        logits = network(torch.from_numpy(course.inputs))
        each = _entropies(logits, course).numpy().astype(np.float64)
    weights = course.counts.sum(axis=1)
    found: Floats = each.sum(axis=1) / np.maximum(weights, 1)
    return found


def _loss(network: BeliefNetwork, course: Course) -> torch.Tensor:
    logits = network(torch.from_numpy(course.inputs))
    return _entropies(logits, course).sum() / float(course.counts.sum())


def _entropies(logits: torch.Tensor, course: Course) -> torch.Tensor:
    """Return what each row loses at each step, on average over teammates: (T, rows)."""
    labels = torch.from_numpy(course.is_hostile.astype(np.float32)).expand_as(logits)
    each = functional.binary_cross_entropy_with_logits(logits, labels, reduction="none")
    return each.mean(dim=2) * torch.from_numpy(course.counts)
