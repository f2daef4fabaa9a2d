"""Who competes: rules, and what stands where something was lost."""

from collections.abc import Iterator
from typing import NamedTuple

from rallypoint.experiments.lossy_transport.config import LossyTransportConfig
from rallypoint.safety.aggregation import Aggregator
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.updates import UpdateThreats


class Way(NamedTuple):
    """A rule, and a fill."""

    rule: str
    fill: str
    lies: bool = True

    @property
    def name(self) -> str:
        """What it is called in ids."""
        return f"{self.rule}-{self.fill}{'' if self.lies else '-honest'}"


WAYS = (
    Way("nan_trimmed_mean", "nan"),
    Way("nan_trimmed_mean", "nan", lies=False),
    Way("nan_median", "nan"),
    Way("trimmed_mean", "stale"),
    Way("trimmed_mean", "zero"),
    Way("trimmed_mean", "random"),
    Way("nan_mean", "nan"),
    Way("nan_mean", "nan", lies=False),
    Way("krum", "zero"),
)


class Condition(NamedTuple):
    """A way, at a loss."""

    way: Way
    loss: float

    def threats(self, config: LossyTransportConfig, seed: int) -> UpdateThreats:
        """Return what befalls updates."""
        flip = {"kind": "sign_flip", "factor": 2.5, "victims": {"count": config.liars}}
        lost = {
            "kind": "packet_loss",
            "loss": self.loss,
            "packet": config.packet,
            "fill": self.way.fill,
        }
        told = [flip, lost] if self.way.lies else [lost]
        return UpdateThreats(
            ThreatModel.from_dict({"threats": told}), contributors=config.contributors, seed=seed
        )

    def aggregator(self) -> Aggregator:
        """Return the rule."""
        return Aggregator.parse(self.way.rule)


def conditions(config: LossyTransportConfig) -> Iterator[tuple[int, Condition]]:
    """Yield all of them, each with a number that depends on nothing else."""
    for number, way in enumerate(WAYS):
        for loss in config.losses:
            yield number * 1000 + round(1000 * loss), Condition(way, loss)
