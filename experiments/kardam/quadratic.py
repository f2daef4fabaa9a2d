"""A convex problem: how many gradients it takes to come near the minimum."""

from typing import Any

import numpy as np

from rallypoint.agents.gradient.optimisers import Sgd
from rallypoint.agents.gradient.server import Pace, Server
from rallypoint.agents.rounds.protocols import Floats, Integers
from rallypoint.agents.rounds.simulated import Simulation
from rallypoint.draws import stream
from rallypoint.experiments.kardam.config import KardamConfig
from rallypoint.experiments.kardam.contestants import Condition
from rallypoint.experiments.kardam.measure import Record
from rallypoint.safety.aggregation import Aggregator

_FAR, _NEAR = 50.0, 1.0  # distance from the minimum: at the start, and where it ends
_LOST = 1e6  # and where it will not come back from


def descend(config: KardamConfig, condition: Condition, seed: int) -> dict[str, Any]:
    """Descend until the minimum is near, or the gradients are used up.

    Returns:
        What became of gradients; ``reached``, whether it came near; ``distance``, at the end.
    """
    curvature = np.linspace(0.1, 1, config.dimension, dtype=np.float32)
    start = stream(seed, "kardam/start").standard_normal(config.dimension)
    server = Server(
        (_FAR * start / np.linalg.norm(start)).astype(np.float32)[None],
        [Aggregator.parse(condition.aggregator)],
        f=condition.f,
        seeds=[seed],
        optimiser=Sgd(),
        pace=Pace(rate=config.rate),
    )

    def estimate(points: Floats, event: int, runs: Integers, whose: Integers) -> Floats:
        del runs, whose  # all find the same
        noise = stream(seed, "kardam/noise", event).standard_normal(config.dimension)
        return (curvature * points + config.noise * noise).astype(np.float32)

    lane = condition.lane(config, seed)
    simulation, record = Simulation([lane], server, estimate), Record([lane])
    for _ in range(config.arrivals):
        record.add(simulation.step(), simulation)
        if not _NEAR < _distance(server) < _LOST:
            break
    distance = _distance(server)
    return {**record.of(0), "reached": distance <= _NEAR, "distance": distance}


def _distance(server: Server) -> float:
    return float(np.linalg.norm(server.parameters[0].astype(np.float64)))
