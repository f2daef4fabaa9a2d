"""Zero: contributors send nothing of what they found."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rallypoint.safety.threats import State, register
from rallypoint.safety.threats.update import Answer, Generators, UpdateThreat
from rallypoint.safety.updates.known import KnownUpdates


@register
@dataclass(frozen=True, kw_only=True)
class Zero(UpdateThreat):
    """Each sends zeros: free riders, or dead links that nobody noticed.

    Source: Li, Xu, Chen, Giannakis & Ling (2019), "RSA: Byzantine-Robust Stochastic Aggregation
    Methods", AAAI, arXiv:1811.03761, among others.
    """

    kind: ClassVar[str] = "zero"

    def apply(self, state: State, known: KnownUpdates, rngs: Generators) -> Answer:
        """Send zeros."""
        del rngs  # deterministic
        return np.zeros(known.shape), state
