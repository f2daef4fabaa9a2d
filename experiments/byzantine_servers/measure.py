"""Training a seed's conditions side by side on CartPole."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rallypoint.agents.rounds.protocols import Floats
from rallypoint.agents.rounds.replicated import Replicated, Replication
from rallypoint.draws import stream
from rallypoint.experiments.byzantine_servers.config import ByzantineServersConfig
from rallypoint.experiments.byzantine_servers.contestants import CONDITIONS, Condition
from rallypoint.experiments.experiment import Advance
from rallypoint.experiments.poles import Poles, told_of
from rallypoint.safety.updates import UpdateThreats


def train(
    config: ByzantineServersConfig,
    numbered: Sequence[tuple[int, Condition]],
    seed: int,
    advance: Advance,
) -> list[tuple[dict[str, Any], tuple[UpdateThreats, ...]]]:
    """Train, and return of each condition what came of it, and the threats it was under.

    ``return`` is the mean return of honest workers' episodes in the last tenth of the rounds, at
    the parameters that each was sent, unless a lying server alone sent them; ``learnt`` the round
    from which it was 400 or more, if it was; ``diameter`` that of the honest replicas before they
    come together, in the mean of the last half of the rounds.
    """
    runs = [condition.run(config, seed) for _, condition in numbered]
    n = config.contributors
    places = [seed * len(CONDITIONS) + number for number, _ in numbered]
    poles = Poles(places, config.episodes, models=n)
    returns: list[NDArray[np.float64]] = []  # (R, n) of each round

    def estimate(models: Floats, round_number: int, attempt: int) -> Floats:
        key = int(stream(0, "byzantine_servers/round", round_number, attempt).integers(1 << 62))
        brought, found = poles.play_models(models, key)
        if attempt:
            returns.pop()
        returns.append(brought)
        return found

    start = poles.start(seed)
    servers = [condition.servers(config, start, seed) for _, condition in numbered]
    replication = Replication(runs, servers, estimate)
    diameters, refused, lied_to = [], [], []
    for _ in range(config.rounds):
        gathered = replication.step()
        diameters.append(gathered.diameters)
        lied_to.append(replication.is_lied_to)
        refused.append(gathered.refused)
        advance()
    counted = np.where(lied_to, np.nan, returns)  # (rounds, R, n)
    return [
        (
            _told(run, counted[:, at], np.stack(diameters)[:, at], np.stack(refused)[:, at]),
            tuple(frame for frame in (run.server_threats, run.threats) if frame is not None),
        )
        for at, run in enumerate(runs)
    ]


def _told(
    run: Replicated,
    returns: NDArray[np.float64],
    diameters: NDArray[np.float64],
    refused: Floats,
) -> dict[str, Any]:
    honest = np.ones(run.protocol.contributors, dtype=bool)
    if run.threats is not None:
        honest = ~run.threats.liars
    curve = np.nanmean(returns[:, honest], axis=1)
    return {
        **told_of(curve),
        "diameter": float(diameters[len(diameters) // 2 :].mean()),
        "refused": None if np.isnan(refused).all() else float(np.nanmean(refused)),
        "curve": curve.round(2).tolist(),
        "diameters": diameters.round(4).tolist(),
    }


def seconds_of_servers(
    config: ByzantineServersConfig, condition: Condition, *, size: int = 386, repeats: int = 30
) -> float:
    """Return the CPU seconds that a round takes apart from computing updates, in the median."""
    updates = stream(0, "byzantine_servers/timing").standard_normal((1, config.contributors, size))
    found = updates.astype(np.float32)
    replication = Replication(
        [condition.run(config, 0)],
        [condition.servers(config, np.zeros(size, dtype=np.float32), 0)],
        lambda *_: found.copy(),
    )
    taken = []
    for _ in range(repeats):
        began = time.process_time()
        replication.step()
        taken.append(time.process_time() - began)
    return float(np.median(taken))
