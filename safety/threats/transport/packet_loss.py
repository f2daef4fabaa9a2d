"""Packet loss: an update travels in packets, and some of them do not arrive."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rallypoint.batch_env import Mask
from rallypoint.config import check_within
from rallypoint.errors import InvalidConfig, did_you_mean
from rallypoint.safety.threats import State, register
from rallypoint.safety.threats.transport import TransportThreat
from rallypoint.safety.threats.update import Answer, Generators, Updates
from rallypoint.safety.updates.known import KnownUpdates

FILLS = ("nan", "stale", "zero", "random")


@register
@dataclass(frozen=True, kw_only=True)
class PacketLoss(TransportThreat):
    """Updates travel in packets of so many coordinates, each lost on a coin of its own.

    What is lost is filled: with NaN, so that it is known to be missing; with what the sender's last
    update had there, as it arrived (zeros at first); with zeros, which shrink a mean; or with
    normal numbers of the size of what did arrive. Receipts tell the least and greatest share of
    packets lost, as the strength.

    Source: the lossy channel of Damaskinos, El Mhamdi, Guerraoui, Guirguis & Rouault (2019),
    "AggregaThor: Byzantine machine learning via robust gradient aggregation", MLSys, whose packets
    are datagrams of 65 kB and whose fill is NaN, or stale as the "clever" mode.
    """

    kind: ClassVar[str] = "packet_loss"
    must_know: ClassVar[frozenset[str]] = frozenset({"own_update"})

    knowledge: tuple[str, ...] = ("own_update",)
    loss: float = 0.1  # probability of each packet
    packet: int = 32  # coordinates; 16,368 of float32 fill a signed datagram
    fill: str = "nan"  # or "stale", "zero" or "random"

    def __post_init__(self) -> None:
        """Check the settings."""
        super().__post_init__()
        check_within(self, "[0, 1]", "loss")
        if self.packet < 1:
            raise InvalidConfig(f"packet is a number of coordinates >= 1, got {self.packet!r}")
        if self.fill not in FILLS:
            raise InvalidConfig(f"no fill is called {self.fill!r}{did_you_mean(self.fill, FILLS)}")

    @property
    def is_finite(self) -> bool:
        """It is, unless filled with NaN."""
        return self.fill != "nan"

    def expected_lossy(self, n: int, columns: int) -> float:
        """Return how many of n updates are expected to lose something.

        >>> round(PacketLoss(loss=0.1, packet=20).expected_lossy(1, 100), 4)
        0.4095
        """
        return n * (1 - (1 - self.loss) ** -(-columns // self.packet))

    def strengths(self, n: int) -> tuple[float, float]:
        """All packets may be lost or none, unless it is sure which."""
        del n
        return float(self.loss == 1), float(self.loss > 0)

    def init(self, E: int, N: int) -> State:
        """Remember what arrived last, where it fills what is lost."""
        columns = N if self.fill == "stale" else 0
        return {"arrived": np.zeros((E, columns)), "strength": np.full(E, np.nan)}

    def apply(self, state: State, known: KnownUpdates, rngs: Generators) -> Answer:
        """Lose packets, and fill."""
        columns = known.shape[1]
        packets = -(-columns // self.packet)
        lost = np.stack([rng.random(packets) for rng in rngs]) < self.loss
        gone = np.repeat(lost, self.packet, axis=1)[:, :columns]
        told = np.where(gone, self._filling(state, known, gone, rngs), known.own)
        # Whom the schedule spares is heard in full.
        heard = np.where(known.opportunities[:, None], told, known.own)
        arrived = heard if self.fill == "stale" else state["arrived"]
        share = np.where(known.opportunities, lost.mean(axis=1), np.nan)
        return told, {"arrived": arrived.astype(np.float64), "strength": share}

    def _filling(self, state: State, known: KnownUpdates, gone: Mask, rngs: Generators) -> Updates:
        match self.fill:
            case "stale":
                before: Updates = state["arrived"].astype(known.dtype)
                return before
            case "random":
                size = np.sqrt(np.mean(np.square(known.own), axis=1, where=~gone, keepdims=True))
                drawn = np.stack([rng.standard_normal(gone.shape[1]) for rng in rngs])
                noise: Updates = (np.nan_to_num(size) * drawn).astype(known.dtype)
                return noise
            case fill:
                return np.full(gone.shape, 0 if fill == "zero" else np.nan, dtype=known.dtype)
