"""Who competes: ways of peers to learn together, each under every lie."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from rallypoint.agents.gradient.optimisers import Adam
from rallypoint.agents.gradient.server import Pace, Server
from rallypoint.agents.rounds.hearsay import Hearsay
from rallypoint.agents.rounds.peer_to_peer import Run
from rallypoint.agents.rounds.protocols import Floats
from rallypoint.agents.rounds.protocols.peers import Peers
from rallypoint.experiments.peers.config import PeersConfig
from rallypoint.safety.aggregation import Aggregator
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.updates import UpdateThreats


class Arm(NamedTuple):
    """A way to learn together."""

    name: str
    settings: Mapping[str, Any]  # of the protocol
    rule: str = "mean"  # for updates, where they are shared


SERVER = Arm("one server", {"updates": "shared", "mixing": "none"})  # as all do as it would
ALONE = Arm("alone", {"mixing": "none"})
MEAN = Arm("mean", {"mixing": "mean"})
MONNA = Arm("monna", {"mixing": "monna"})
APART = Arm("no agreement", {"updates": "shared", "mixing": "none"}, "geometric_median")
AGREEMENT = Arm("agreement", {"updates": "shared", "mixing": "mda"}, "geometric_median")

LIES: Mapping[str, Mapping[str, Any]] = {
    "none": {},
    "reversed": {"kind": "server_reversed", "factor": 1.0},
    "alie": {"kind": "alie", "z": "optimal", "knowledge": ["aggregator", "honest_updates"]},
    "equivocation": {"kind": "equivocation", "scale": 1.0},
}


class Condition(NamedTuple):
    """An arm, and a lie that f of its peers tell."""

    arm: Arm
    lie: str = "none"

    @property
    def name(self) -> str:
        """What it is called."""
        return self.arm.name if self.arm in (SERVER, ALONE) else f"{self.arm.name}, {self.lie}"

    def run(self, config: PeersConfig, start: Floats, seed: int) -> Run:
        """Return one run of it, from parameters (d,) that all begin with."""
        settings = dict(self.arm.settings)
        if settings["mixing"] == "mda":
            settings["exchanges"] = config.exchanges
        protocol = Peers(contributors=config.peers, f=config.f, **settings)
        server = Server(
            np.repeat(start[None], config.peers, axis=0),
            [Aggregator.parse(self.arm.rule)] * config.peers,
            f=config.f,
            seeds=[seed] * config.peers,
            optimiser=Adam(),
            pace=Pace(rate=config.rate),
        )
        if not LIES[self.lie]:
            return Run(protocol, server, Hearsay(protocol))
        table = {**LIES[self.lie], "victims": {"count": config.f}}
        model = ThreatModel.from_dict({"threats": [table]})
        updates = UpdateThreats(model.at("update"), contributors=config.peers, seed=seed)
        return Run(protocol, server, Hearsay(protocol, updates, model.at("server"), seed=seed))


CONDITIONS = (
    Condition(SERVER),
    Condition(ALONE),
    *(Condition(arm, lie) for arm in (MEAN, MONNA, APART, AGREEMENT) for lie in LIES),
)
_FEW = (
    *("one server", "alone", "mean, reversed", "no agreement, equivocation"),
    *(f"{arm.name}, {lie}" for arm in (MONNA, AGREEMENT) for lie in ("reversed", "equivocation")),
)


def conditions(config: PeersConfig) -> Iterator[tuple[int, Condition]]:
    """Yield those that are run, each with its number."""
    for number, condition in enumerate(CONDITIONS):
        if config.every_condition or condition.name in _FEW:
            yield number, condition
