"""Infinity in the place of updates."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rallypoint.safety.threats import State, register
from rallypoint.safety.threats.update import Answer, Generators, UpdateThreat
from rallypoint.safety.updates.known import KnownUpdates


@register
@dataclass(frozen=True, kw_only=True)
class Infinity(UpdateThreat):
    """Each sends infinite numbers only: one is enough to make a mean infinite.

    Source: Guerraoui, Guirguis, Plassmann, Ragot & Rouault (2021), "Garfield: System Support for
    Byzantine Machine Learning", DSN, arXiv:2010.05888, among others.
    """

    kind: ClassVar[str] = "infinity"

    @property
    def is_finite(self) -> bool:
        """They are not."""
        return False

    def apply(self, state: State, known: KnownUpdates, rngs: Generators) -> Answer:
        """Send infinity."""
        del rngs  # deterministic
        return np.full(known.shape, np.inf), state
