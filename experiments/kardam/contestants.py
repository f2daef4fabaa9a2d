"""Who competes: ways to be an asynchronous server, and what liars send to it."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from rallypoint.agents.rounds.delays import DrawnDelays
from rallypoint.agents.rounds.filters.dampening import Dampening
from rallypoint.agents.rounds.protocols.asynchronous import Asynchronous
from rallypoint.agents.rounds.protocols.buffered import BufferedRounds
from rallypoint.agents.rounds.protocols.kardam import KardamRounds
from rallypoint.agents.rounds.simulated import Lane
from rallypoint.experiments.kardam.config import KardamConfig
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.updates import UpdateThreats

_OPEN: dict[str, Any] = {"coefficient": "off", "frequency": "off"}
SERVERS: dict[str, tuple[type[Asynchronous[Any]], dict[str, Any]]] = {
    "unfiltered": (KardamRounds, _OPEN),
    "inverse dampening": (KardamRounds, {**_OPEN, "dampening": Dampening(way="inverse")}),
    "no dampening": (KardamRounds, {**_OPEN, "dampening": Dampening(way="none")}),
    "frequency only": (KardamRounds, {"coefficient": "off"}),
    "published": (KardamRounds, {}),
    "version distance": (KardamRounds, {"coefficient": "versions"}),
    "version distance, sure quantile": (
        KardamRounds,
        {"coefficient": "versions", "quantile": "inverted_cdf"},
    ),
    "buffered": (BufferedRounds, {}),
}
UNDER_ATTACK = (
    "unfiltered",
    "published",
    "version distance",
    "version distance, sure quantile",
    "buffered",
)
ATTACKS: dict[str, float | None] = {"none": None, "sign flip": 2.5, "times -100": 100.0}
RULE = "nnm+trimmed_mean"  # of the buffer


class Condition(NamedTuple):
    """A server, among n contributors of which f lie in some way, or would."""

    server: str
    attack: str
    n: int
    f: int

    @property
    def label(self) -> str:
        """What it is called in ids."""
        words = f"{self.server}-{self.attack}".replace(",", "").replace(" ", "_")
        return f"n={self.n}/{words}"

    @property
    def aggregator(self) -> str:
        """What combines the updates of a buffer."""
        return RULE if self.server == "buffered" else "mean"

    @property
    def number(self) -> int:
        """Its place among those of the same n."""
        return list(SERVERS).index(self.server) * len(ATTACKS) + list(ATTACKS).index(self.attack)

    def lane(self, config: KardamConfig, seed: int) -> Lane:
        """Return one run of it."""
        kind, settings = SERVERS[self.server]
        factor = ATTACKS[self.attack]
        threats = None
        if factor is not None:
            table = {
                "byzantine": {"count": self.f},
                "threats": [{"kind": "sign_flip", "factor": factor}],
            }
            threats = UpdateThreats(ThreatModel.from_dict(table), contributors=self.n, seed=seed)
        return Lane(
            protocol=kind(f=self.f, **settings),
            contributors=self.n,
            delays=DrawnDelays(mean=config.staleness, deviation=config.deviation),
            seed=seed,
            threats=threats,
        )


def conditions(config: KardamConfig) -> Iterator[Condition]:
    """Yield those that are run; what only slows down is of interest where nobody lies."""
    for n, f in zip(config.contributors, config.liars, strict=True):
        for attack in ATTACKS:
            for server in SERVERS:
                if attack == "none" or server in UNDER_ATTACK:
                    yield Condition(server, attack, n, f)
