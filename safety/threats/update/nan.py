"""Not a number, in the place of updates."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rallypoint.safety.threats import State, register
from rallypoint.safety.threats.update import Answer, Generators, UpdateThreat
from rallypoint.safety.updates.known import KnownUpdates


@register
@dataclass(frozen=True, kw_only=True)
class NotANumber(UpdateThreat):
    """Each sends NaN only, which spreads through sums, and compares as neither less nor more.

    Source: the aggregators that one such update takes over, in public implementations of Krum; see
    Damaskinos, El Mhamdi, Guerraoui, Guirguis & Rouault (2019), "AggregaThor", MLSys.
    """

    kind: ClassVar[str] = "nan"

    @property
    def is_finite(self) -> bool:
        """They are not."""
        return False

    def apply(self, state: State, known: KnownUpdates, rngs: Generators) -> Answer:
        """Send NaN."""
        del rngs  # deterministic
        return np.full(known.shape, np.nan), state
