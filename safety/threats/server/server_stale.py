"""Stale server: it sends parameters that it had some rounds ago."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rallypoint.errors import InvalidConfig
from rallypoint.safety.threats import State, register
from rallypoint.safety.threats.server import ServerThreat
from rallypoint.safety.threats.update import Answer, Generators
from rallypoint.safety.updates.known import KnownUpdates

_MOST = 10**9  # numbers that are remembered: 8 GB


@register
@dataclass(frozen=True, kw_only=True)
class ServerStale(ServerThreat):
    """The server sends the model that it had so many rounds before, or its first one as yet.

    Every number that it sends was honest once, so nothing about it looks odd by itself.

    Source: a replica left behind, in the setting of El-Mhamdi, Guerraoui, Guirguis, Hoang & Rouault
    (2022), "Genuinely distributed Byzantine machine learning", Distributed Computing 35.
    """

    kind: ClassVar[str] = "server_stale"
    must_know: ClassVar[frozenset[str]] = frozenset({"own_update"})

    knowledge: tuple[str, ...] = ("own_update",)
    lag: int = 10  # rounds

    def __post_init__(self) -> None:
        """Check the settings."""
        super().__post_init__()
        if self.lag < 1:
            raise InvalidConfig(f"lag is a number of rounds >= 1, got {self.lag!r}")

    def init(self, E: int, N: int) -> State:
        """Remember nothing yet: a ring of ``lag`` rows for each server, and how many came.

        Raises:
            InvalidConfig: no memory holds as many; says how many rounds may be meant.
        """
        if E * self.lag * N > _MOST:
            raise InvalidConfig(
                f"lag = {self.lag:,} rounds are too many to remember: what lying servers say is "
                f"{E * N:,} numbers in each; take lag <= {max(1, _MOST // (E * N)):,}"
            )
        return {"kept": np.zeros((E, self.lag, N)), "came": np.zeros(E, dtype=np.int64)}

    def apply(self, state: State, known: KnownUpdates, rngs: Generators) -> Answer:
        """Send the oldest row that is remembered, and put the newest in its place."""
        del rngs  # deterministic
        kept, came = state["kept"].copy(), state["came"]
        rows, place = np.arange(len(came)), came % self.lag
        first = came == 0
        kept[first, 0] = known.own[first]
        oldest = np.where(came < self.lag, 0, place)
        told = kept[rows, oldest].astype(known.dtype)
        kept[rows, place] = known.own
        return told, {"kept": kept, "came": came + 1}
