"""Random server: it sends noise in the place of its parameters."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rallypoint.config import check_least
from rallypoint.safety.threats import State, register
from rallypoint.safety.threats.server import ServerThreat, as_rows
from rallypoint.safety.threats.update import Answer, Generators
from rallypoint.safety.updates.known import KnownUpdates


@register
@dataclass(frozen=True, kw_only=True)
class ServerRandom(ServerThreat):
    """The server sends N(0, scale²) in each coordinate, anew in each round, to everybody alike.

    Source: the random fault of El-Mhamdi, Guerraoui, Guirguis, Hoang & Rouault (2022), "Genuinely
    distributed Byzantine machine learning", Distributed Computing 35.
    """

    kind: ClassVar[str] = "server_random"

    scale: float = 1.0

    def __post_init__(self) -> None:
        """Check the settings."""
        super().__post_init__()
        check_least(self, 0, "scale")

    def apply(self, state: State, known: KnownUpdates, rngs: Generators) -> Answer:
        """Draw one model for each server."""
        servers, numbers = known.shape
        drawn = np.stack([rng.standard_normal(numbers // known.parts) for rng in rngs])
        everybody = np.broadcast_to(
            self.scale * drawn[:, None], (servers, known.parts, numbers // known.parts)
        )
        return as_rows(everybody, known.shape), state
