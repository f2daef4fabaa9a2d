"""Policy gradients on CartPole, asynchronously: all conditions of all seeds side by side."""

from collections.abc import Iterator
from typing import Any

import numpy as np

import rallypoint
from rallypoint.agents.gradient.actor_critic import ActorCritic
from rallypoint.agents.gradient.contributors import Contributors
from rallypoint.agents.gradient.fragment import Rollout
from rallypoint.agents.gradient.learners import GpomdpLearner
from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.agents.gradient.server import Pace, Server
from rallypoint.agents.rounds.protocols import Floats, Integers
from rallypoint.agents.rounds.simulated import Simulation
from rallypoint.draws import Draws, stream
from rallypoint.experiments.experiment import Progress
from rallypoint.experiments.kardam.config import KardamConfig
from rallypoint.experiments.kardam.contestants import Condition
from rallypoint.experiments.kardam.measure import Record
from rallypoint.safety.aggregation import Aggregator

_LEARNER = GpomdpLearner(policy=(16, 16), initial="uniform")
_ROOM = 1 << 10  # for n, and for the numbers of conditions, in the ids of copies


def learn(
    config: KardamConfig,
    rivals: list[Condition],
    seeds: tuple[int, ...],
    progress: Progress,
    *,
    rate: float,
) -> Iterator[tuple[int, Condition, dict[str, Any]]]:
    """Train rivals of one n and f at one rate, and yield what became of each.

    ``return`` is the mean return of honest contributors' episodes among the last tenth of the
    gradients, ``curve`` that of each tenth. What a run does depends on its seed and its condition
    alone; the policy that it starts from, on its seed.
    """
    runs = [(seed, condition) for seed in seeds for condition in rivals]
    places = [(seed * _ROOM + rival.n) * _ROOM + rival.number for seed, rival in runs]
    ids = np.add.outer(np.array(places) * config.episodes, np.arange(config.episodes)).ravel()
    world = rallypoint.make("cartpole-v1", copies=ids)
    group = world.groups[0]
    networks = _LEARNER.architecture(group)
    rollout = Rollout(world, Draws(0, "gradient/act", world.copies))
    contributors = Contributors(count=1, runs=len(runs))
    returns: list[Floats] = []

    def estimate(points: Floats, event: int, running: Integers, whose: Integers) -> Floats:
        del whose  # all find alike
        # Those that have stopped play on, for nobody.
        parameters = np.zeros((len(runs), points.shape[1]), dtype=np.float32)
        parameters[running] = points
        played = rollout.episodes(GradientPolicy(networks, parameters, group), seed=event)
        rewards = np.where(played.acting, played.rewards, 0).sum(axis=(0, 2))
        returns.append(rewards.reshape(len(runs), -1).mean(axis=1))
        batch = _LEARNER.prepare(ActorCritic(networks), parameters, played, contributors)
        found = _LEARNER.gradient(ActorCritic(networks), parameters, batch)
        updates: Floats = found[running, 0]
        return updates

    start_by_seed = {
        seed: networks.initial(stream(seed, "gradient/initial"), scheme=_LEARNER.initial)
        for seed in seeds
    }
    server = Server(
        np.stack([start_by_seed[seed] for seed, _ in runs]),
        [Aggregator.parse(rival.aggregator) for _, rival in runs],
        f=rivals[0].f,
        seeds=[seed for seed, _ in runs],
        optimiser=_LEARNER.server_optimiser,
        pace=Pace(rate=rate),
    )
    lanes = [rival.lane(config, seed) for seed, rival in runs]
    simulation, record = Simulation(lanes, server, estimate), Record(lanes)
    came = []
    with progress("policy gradients", config.gradients) as advance:
        for _ in range(config.gradients):
            event = simulation.step()
            record.add(event, simulation)
            came.append(event.contributors)
            advance()
    for run, (seed, rival) in enumerate(runs):
        threats = lanes[run].threats
        owners = np.array(came)[:, run]
        liars = np.zeros(rival.n, dtype=bool) if threats is None else threats.liars
        honest = (owners >= 0) & ~liars[owners]
        curve = [
            float(np.mean(part[keep])) if keep.any() else None
            for part, keep in zip(
                np.array_split(np.array(returns)[:, run], 10),
                np.array_split(honest, 10),
                strict=True,
            )
        ]
        yield seed, rival, {**record.of(run), "return": curve[-1], "curve": curve}
