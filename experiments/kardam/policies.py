"""Policy gradients on CartPole, asynchronously: all conditions of all seeds side by side."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rallypoint.agents.gradient.server import Pace, Server
from rallypoint.agents.rounds.protocols import Floats, Integers
from rallypoint.agents.rounds.simulated import Simulation
from rallypoint.experiments.experiment import Progress
from rallypoint.experiments.kardam.config import KardamConfig
from rallypoint.experiments.kardam.contestants import Condition
from rallypoint.experiments.kardam.measure import Record
from rallypoint.experiments.poles import LEARNER, Poles
from rallypoint.safety.aggregation import Aggregator

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
    poles = Poles(places, config.episodes)
    returns: list[NDArray[np.float64]] = []

    def estimate(points: Floats, event: int, running: Integers, whose: Integers) -> Floats:
        del whose  # all find alike
        # Those that have stopped play on, for nobody.
        parameters = np.zeros((len(runs), points.shape[1]), dtype=np.float32)
        parameters[running] = points
        brought, found = poles.play(parameters, event)
        returns.append(brought[:, 0])
        updates: Floats = found[running, 0]
        return updates

    start_by_seed = {seed: poles.start(seed) for seed in seeds}
    server = Server(
        np.stack([start_by_seed[seed] for seed, _ in runs]),
        [Aggregator.parse(rival.aggregator) for _, rival in runs],
        f=rivals[0].f,
        seeds=[seed for seed, _ in runs],
        optimiser=LEARNER.server_optimiser,
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
