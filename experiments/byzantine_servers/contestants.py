"""Who competes: one trusted server, and replicas of which one lies in some way."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from rallypoint.agents.gradient.optimisers import Adam, Sgd
from rallypoint.agents.gradient.server import Pace, Server
from rallypoint.agents.rounds.protocols import Floats
from rallypoint.agents.rounds.protocols.replicated_servers import ReplicatedServers
from rallypoint.agents.rounds.replicated import Replicated
from rallypoint.experiments.byzantine_servers.config import ByzantineServersConfig
from rallypoint.safety.aggregation import Aggregator
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.updates import UpdateThreats

RULE = "nan_trimmed_mean"
_NOBODY: Mapping[str, Any] = {}


class Condition(NamedTuple):
    """A way to replicate a server, and what one of the replicas does."""

    name: str
    lie: Mapping[str, Any] = _NOBODY  # of a server
    settings: Mapping[str, Any] = _NOBODY  # of the protocol
    workers: Mapping[str, Any] = _NOBODY  # lies of contributors
    is_trusted: bool = False  # one server alone
    is_plain: bool = False  # plain descent instead of Adam

    def run(self, config: ByzantineServersConfig, seed: int) -> Replicated:
        """Return one run of it."""
        settings = {"servers": 1, "server_f": 0} if self.is_trusted else dict(self.settings)
        if settings.pop("seldom", False):
            settings["period"] = config.seldom
        protocol = ReplicatedServers(
            **{
                "servers": config.servers,
                "contributors": config.contributors,
                "f": config.f,
                **settings,
            }
        )
        replicas = [f"server_{index}" for index in range(protocol.servers)]
        return Replicated(
            protocol=protocol,
            seed=seed,
            threats=_threats(self.workers, config.contributors, seed),
            server_threats=_threats(self.lie, replicas, seed),
        )

    def servers(self, config: ByzantineServersConfig, start: Floats, seed: int) -> Server:
        """Return its replicas, all with the same parameters (d,)."""
        count = 1 if self.is_trusted else config.servers
        return Server(
            np.repeat(start[None], count, axis=0),
            [Aggregator.parse(RULE)] * count,
            f=config.f,
            seeds=[seed] * count,
            optimiser=Sgd() if self.is_plain else Adam(),
            pace=Pace(rate=config.plain_rate if self.is_plain else config.rate),
        )


def _threats(table: Mapping[str, Any], whom: Any, seed: int) -> UpdateThreats | None:
    if not table:
        return None
    return UpdateThreats(
        ThreatModel.from_dict({"threats": [dict(table)]}), contributors=whom, seed=seed
    )


_RANDOM = {"kind": "server_random", "scale": 1.0}
CONDITIONS = (
    Condition("trusted", is_trusted=True),
    Condition("honest"),
    Condition("random liar, median", _RANDOM),
    Condition("random liar, mean", _RANDOM, {"contraction": "mean"}),
    Condition("random liar, none", _RANDOM, {"contraction": "none"}),
    Condition("random liar, seldom", _RANDOM, {"seldom": True}),
    Condition("reversed liar, median", {"kind": "server_reversed", "factor": 1.0}),
    Condition(
        "reversed liar, seldom", {"kind": "server_reversed", "factor": 1.0}, {"seldom": True}
    ),
    Condition("equivocation, median", {"kind": "equivocation", "scale": 1.0}),
    Condition("stale liar, median", {"kind": "server_stale", "lag": 10}),
    Condition("crash, median", {"kind": "server_crash", "when": {"from": 10}}),
    Condition(
        "reversed liar and workers, median",
        {"kind": "server_reversed", "factor": 1.0},
        workers={"kind": "sign_flip", "factor": 2.5, "victims": {"count": 1}},
    ),
    Condition("plain, trusted", is_trusted=True, is_plain=True),
    Condition(
        "plain, random liar, seldom, filters",
        _RANDOM,
        {"seldom": True, "filters": True},
        is_plain=True,
    ),
    Condition(
        "plain, honest, seldom, filters", settings={"seldom": True, "filters": True}, is_plain=True
    ),
)
FEW = ("trusted", "honest", "random liar, median", "random liar, mean", "random liar, none")


def conditions(config: ByzantineServersConfig) -> Iterator[tuple[int, Condition]]:
    """Yield those that are run, each with its number."""
    for number, condition in enumerate(CONDITIONS):
        if config.every_condition or condition.name in FEW:
            yield number, condition
