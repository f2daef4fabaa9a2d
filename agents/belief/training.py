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
from rallypoint.batch_env import Snapshot
from rallypoint.config import Config, check_within
from rallypoint.draws import Draws, Floats, Mask
from rallypoint.errors import InvalidConfig
from rallypoint.policies import Policy
from rallypoint.safety.enforcement.nested import nested, part_of
from rallypoint.safety.frame import Threatened


@dataclass(frozen=True, kw_only=True)
class BeliefPace(Config):
    """How fast a belief learns from what has just been lived."""

    passes: int = 4  # gradient steps on each batch
    step_size: float = 5e-3  # of Adam; the paper's 5e-4 takes ten times as many episodes
    hidden: int = 32  # numbers that an agent remembers

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            InvalidConfig: says what must hold.
        """
        if self.passes < 0 or self.hidden < 1:
            raise InvalidConfig(
                f"passes is a number >= 0 and hidden one >= 1, got {self.passes} and {self.hidden}"
            )
        check_within(self, "(0, inf)", "step_size")


@dataclass(frozen=True, kw_only=True)
class BeliefTraining(BeliefPace):
    """How a belief is learned about a policy that stays as it is."""

    batches: int = 30  # of one episode in every copy of the world


class Course(NamedTuple):
    """Steps of every copy, from every agent's side: rows are copies times agents."""

    inputs: Singles  # (T, E * N, features)
    counts: Mask  # (T, E * N) whose belief matters, and is in the world
    is_hostile: Mask  # (T, E * N, N), or (E * N, N) all along, as Nature drew it
    looks: Mask | None = None  # (T, E * N) who takes the step in; everybody if not given
    forgets: Mask | None = None  # (T, E * N) for whom a new episode begins; nobody
    memory: Singles | None = None  # (E * N, hidden) before the first step; nothing


class BeliefLearner:
    """A network that believes, and how it moves down what it loses."""

    def __init__(self, network: BeliefNetwork, pace: BeliefPace) -> None:
        """Learn from batch after batch."""
        self.network = network
        self._pace = pace
        self._optimiser = torch.optim.Adam(network.parameters(), lr=pace.step_size)

    def learn(self, course: Course) -> float:
        """Take some gradient steps; return what was lost before, in nats per step and teammate."""
        loss = _loss(self.network, course)
        before = loss.item()
        for step in range(self._pace.passes):
            if step:
                loss = _loss(self.network, course)
            self._optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # of torch
            self._optimiser.step()
        return before

    def snapshot(self) -> Snapshot:
        """Return weights, and what Adam remembers of each."""
        own = {name: weight.numpy().copy() for name, weight in self.network.state_dict().items()}
        kept = self._optimiser.state_dict()["state"]
        found: Snapshot = nested("weights", own)
        for place, parts in kept.items():
            arrays = {name: np.asarray(part).copy() for name, part in parts.items()}
            found |= nested(f"adam/{place}", arrays)
        return found

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot of a network of the same sizes."""
        weights = part_of(snapshot, "weights")
        self.network.load_state_dict({n: torch.from_numpy(w.copy()) for n, w in weights.items()})
        adam = self._optimiser.state_dict()
        kept: dict[int, dict[str, torch.Tensor]] = {}
        for name, part in part_of(snapshot, "adam").items():
            place, _, moment = name.partition("/")
            kept.setdefault(int(place), {})[moment] = torch.from_numpy(part.copy())
        self._optimiser.load_state_dict({**adam, "state": kept})


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
    check_believable(env)
    features = Features.of(env)
    network = BeliefNetwork(features.size, env.num_agents, hidden=training.hidden, seed=seed)
    learner = BeliefLearner(network, training)
    draws = Draws(seed, "belief/policy", env.copies)
    lost = []
    for batch in range(training.batches):
        course = followed(env, policy, features, draws, seed=seed if batch == 0 else None)
        lost.append(learner.learn(course))
    return network, lost


def check_believable(env: Threatened) -> None:
    """Refuse a world in which nobody can be hostile.

    Raises:
        InvalidConfig: it is one.
    """
    if not any(threat.site == "action" for threat in env.model.threats):
        raise InvalidConfig("nobody's actions are under threat in this world: nothing to believe")


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
        each = _entropies(network, course).numpy().astype(np.float64)
    weights = course.counts.sum(axis=1)
    found: Floats = each.sum(axis=1) / np.maximum(weights, 1)
    return found


def _loss(network: BeliefNetwork, course: Course) -> torch.Tensor:
    return _entropies(network, course).sum() / max(1.0, float(course.counts.sum()))


def _entropies(network: BeliefNetwork, course: Course) -> torch.Tensor:
    """Return what each row loses at each step, on average over teammates: (T, rows)."""
    memory, looks, forgets = (
        None if part is None else torch.from_numpy(part)
        for part in (course.memory, course.looks, course.forgets)
    )
    logits = network(torch.from_numpy(course.inputs), memory, looks, forgets)
    labels = torch.from_numpy(course.is_hostile.astype(np.float32)).expand_as(logits)
    each = functional.binary_cross_entropy_with_logits(logits, labels, reduction="none")
    return each.mean(dim=2) * torch.from_numpy(course.counts)
