"""Training a seed's conditions side by side on CartPole."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rallypoint.agents.rounds.peer_to_peer import PeerToPeer, Run
from rallypoint.agents.rounds.protocols import Floats, Mask
from rallypoint.draws import stream
from rallypoint.experiments.experiment import Advance
from rallypoint.experiments.peers.config import PeersConfig
from rallypoint.experiments.peers.contestants import CONDITIONS, Condition
from rallypoint.experiments.poles import Poles, told_of
from rallypoint.safety.updates import UpdateThreats


def train(
    config: PeersConfig,
    numbered: Sequence[tuple[int, Condition]],
    seed: int,
    advance: Advance,
) -> list[tuple[dict[str, Any], tuple[UpdateThreats, ...]]]:
    """Train, and return of each condition what came of it, and the threats it was under.

    ``return`` is the mean return of honest peers' episodes in the last tenth of the rounds, each at
    its own parameters; ``learnt`` the round from which it was 400 or more, if it was; ``diameter``
    that of the honest peers after a round, in the mean of the last half of the rounds, and
    ``before`` that before they exchange parameters.
    """
    places = [seed * len(CONDITIONS) + number for number, _ in numbered]
    poles = Poles(places, config.episodes, models=config.peers)
    returns: list[NDArray[np.float64]] = []  # (R, n) of each round

    def estimate(models: Floats, round_number: int) -> tuple[Floats, Mask]:
        key = int(stream(0, "peers/round", round_number).integers(1 << 62))
        brought, found = poles.play_models(models, key)
        returns.append(brought)
        return found, np.ones(brought.shape, dtype=bool)

    start = poles.start(seed)
    runs = [condition.run(config, start, seed) for _, condition in numbered]
    peers = PeerToPeer(runs, estimate)
    before, after = [], []
    for _ in range(config.rounds):
        gathered = peers.step()
        before.append(gathered.before)
        after.append(gathered.after)
        advance()
    return [
        (
            _told(run, np.array(returns)[:, at], np.array(before)[:, at], np.array(after)[:, at]),
            tuple(run.hearsay.frames),
        )
        for at, run in enumerate(runs)
    ]


def _told(
    run: Run,
    returns: NDArray[np.float64],
    before: NDArray[np.float64],
    after: NDArray[np.float64],
) -> dict[str, Any]:
    curve = returns[:, run.hearsay.honest].mean(axis=1)
    half = len(after) // 2
    return {
        **told_of(curve),
        "before": float(before[half:].mean()),
        "diameter": float(after[half:].mean()),
        "curve": curve.round(2).tolist(),
        "diameters": after.round(4).tolist(),
    }
