"""Server crash: a server says nothing any more."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rallypoint.safety.threats import State, register
from rallypoint.safety.threats.server import ServerThreat
from rallypoint.safety.threats.update import Answer, Generators
from rallypoint.safety.updates.known import KnownUpdates


@register
@dataclass(frozen=True, kw_only=True)
class ServerCrash(ServerThreat):
    """The server says nothing to anybody; from when on, and until when, is for ``when`` to say.

    Source: the fault of El-Mhamdi, Guerraoui, Guirguis, Hoang & Rouault (2022), "Genuinely
    distributed Byzantine machine learning", Distributed Computing 35.
    """

    kind: ClassVar[str] = "server_crash"

    @property
    def is_finite(self) -> bool:
        """Nothing said is NaN."""
        return False

    def apply(self, state: State, known: KnownUpdates, rngs: Generators) -> Answer:
        """Say nothing."""
        del rngs  # deterministic
        return np.full(known.shape, np.nan, dtype=known.dtype), state
