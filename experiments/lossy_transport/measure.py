"""Training all conditions of a seed side by side on CartPole, and timing real datagrams."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from rallypoint.agents.gradient.server import Pace, Server
from rallypoint.agents.rounds.datagrams import LARGEST
from rallypoint.agents.rounds.protocols import Floats
from rallypoint.agents.rounds.udp import Channel, carry_reliably
from rallypoint.draws import stream
from rallypoint.experiments.experiment import Advance
from rallypoint.experiments.lossy_transport.config import LossyTransportConfig
from rallypoint.experiments.lossy_transport.contestants import Condition
from rallypoint.experiments.poles import Poles
from rallypoint.safety.updates import UpdateThreats

_ROOM = 1 << 14  # numbers of conditions, in the ids of copies


def train(
    config: LossyTransportConfig,
    numbered: Sequence[tuple[int, Condition]],
    seed: int,
    advance: Advance,
) -> list[tuple[dict[str, Any], UpdateThreats]]:
    """Train, and return of each condition its returns and the threats it was under.

    ``return`` is the mean return of honest contributors' episodes in the last tenth of the rounds.
    """
    n, runs = config.contributors, len(numbered)
    places = [seed * _ROOM + number for number, _ in numbered]
    poles = Poles(places, config.episodes, contributors=n)
    server = Server(
        np.repeat(poles.start(seed)[None], runs, axis=0),
        [condition.aggregator() for _, condition in numbered],
        f=config.liars,
        seeds=[seed] * runs,
        pace=Pace(rate=config.rate),
    )
    threats = [condition.threats(config, seed) for _, condition in numbered]
    honest = np.stack([~one.liars for one in threats])
    returns = np.zeros((config.rounds, runs))
    for number in range(config.rounds):
        key = int(stream(0, "lossy_transport/round", number).integers(1 << 62))
        brought, found = poles.play(server.weights, key)
        returns[number] = np.mean(brought, axis=1, where=honest)
        aggregates = np.empty_like(server.parameters)
        for run, frame in enumerate(threats):
            got = frame.apply(found[run], round_number=number).updates
            aggregates[run] = server.rules.aggregate(run, got, np.arange(n)).aggregate
        server.step(aggregates)
        server.close(aggregates, ride=False)
        advance()
    last = max(1, config.rounds // 10)
    return [
        (
            {
                "return": float(returns[-last:, run].mean()),
                "curve": returns[:, run].round(2).tolist(),
            },
            frame,
        )
        for run, frame in enumerate(threats)
    ]


def time_transfers(config: LossyTransportConfig, loss: float) -> dict[str, float]:
    """Return the median seconds in which all updates of a round arrive, by transport.

    ``udp``, with what is lost left out; ``udp_again``, with it sent again until it is there; and
    ``tcp``, which loses nothing to begin with.
    """
    n, size = config.contributors, config.size
    updates: Floats = (
        stream(0, "lossy_transport/update").standard_normal((n, size)).astype(np.float32)
    )
    rng = stream(0, "lossy_transport/left-out", round(1000 * loss))
    keys = {sender: bytes([sender % 256]) * 16 for sender in range(n)}
    seconds: dict[str, list[float]] = {"udp": [], "udp_again": [], "tcp": []}
    lost = []
    with Channel(keys, packet=min(LARGEST, size)) as channel:
        for number in range(config.transfers):
            once = channel.carry(updates, 2 * number, rng, loss=loss)
            again = channel.carry(updates, 2 * number + 1, rng, loss=loss, again=True)
            seconds["udp"].append(once.seconds)
            seconds["udp_again"].append(again.seconds)
            seconds["tcp"].append(carry_reliably(updates)[1])
            lost.append(float(np.isnan(once.updates).mean()))
    told = {f"{name}_seconds": float(np.median(values)) for name, values in seconds.items()}
    return {**told, "lost": float(np.mean(lost))}
