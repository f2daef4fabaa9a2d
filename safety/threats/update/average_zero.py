"""Average zero: together with the honest updates, the lies sum to nothing."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rallypoint.safety.threats import State, register
from rallypoint.safety.threats.update import Answer, Generators, UpdateThreat
from rallypoint.safety.updates.directions import repeated
from rallypoint.safety.updates.known import KnownUpdates


@register
@dataclass(frozen=True, kw_only=True)
class AverageZero(UpdateThreat):
    """All send minus the honest sum over their number, so that the plain mean is zero.

    It is, to rounding, in rounds in which all its victims that take part may lie and there are no
    other colluders.

    Source: Jordan, Grötschla, Fan & Wattenhofer (2024), "Decentralized Federated Policy Gradient
    with Byzantine Fault-Tolerance", AAMAS, arXiv:2401.03489.
    """

    kind: ClassVar[str] = "average_zero"
    must_know: ClassVar[frozenset[str]] = frozenset({"honest_updates"})

    knowledge: tuple[str, ...] = ("honest_updates",)

    def apply(self, state: State, known: KnownUpdates, rngs: Generators) -> Answer:
        """Balance."""
        del rngs  # deterministic
        total = known.honest.sum(axis=0, dtype=np.float64)
        return repeated(-total / known.shape[0], known.shape), state
