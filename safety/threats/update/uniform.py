"""Uniform noise in the place of updates."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rallypoint.config import check_least
from rallypoint.errors import InvalidConfig
from rallypoint.safety.threats import State, register
from rallypoint.safety.threats.update import Answer, Generators, UpdateThreat
from rallypoint.safety.updates.known import KnownUpdates


@register
@dataclass(frozen=True, kw_only=True)
class Uniform(UpdateThreat):
    """Each sends noise of its own, uniform in every coordinate, about zero or its own update.

    Source: "large noise" of Jordan, Grötschla, Fan & Wattenhofer (2024), "Decentralized Federated
    Policy Gradient with Byzantine Fault-Tolerance", AAMAS, arXiv:2401.03489: up to 1000.
    """

    kind: ClassVar[str] = "uniform"

    knowledge: tuple[str, ...] = ()
    reach: float = 1000.0  # largest absolute value, in the unit of updates
    around_own: bool = False  # about its own update, which it must then know

    def __post_init__(self) -> None:
        """Check the settings."""
        super().__post_init__()
        check_least(self, 0, "reach")
        if self.around_own and "own_update" not in self.knowledge:
            raise InvalidConfig("noise around_own needs knowledge of own_update; declare it")

    def apply(self, state: State, known: KnownUpdates, rngs: Generators) -> Answer:
        """Draw."""
        noise = np.stack([rng.uniform(-1, 1, known.shape[1]) for rng in rngs])
        return self.reach * noise + (known.own if self.around_own else 0), state
