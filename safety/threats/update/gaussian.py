"""Gaussian noise in the place of updates."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rallypoint.config import check_least
from rallypoint.errors import InvalidConfig
from rallypoint.safety.threats import State, register
from rallypoint.safety.threats.update import Answer, Generators, Updates, UpdateThreat
from rallypoint.safety.updates.known import KnownUpdates


@register
@dataclass(frozen=True, kw_only=True)
class Gaussian(UpdateThreat):
    """Each sends noise of its own, normal in every coordinate, about zero or its own update.

    Source: in the setting of Blanchard, El Mhamdi, Guerraoui & Stainer (2017), "Machine Learning
    with Adversaries", NeurIPS, arXiv:1703.02757: standard deviation 200.
    """

    kind: ClassVar[str] = "gaussian"

    knowledge: tuple[str, ...] = ()
    deviation: float = 200.0  # in each coordinate, in the unit of updates
    around_own: bool = False  # about its own update, which it must then know
    in_own_lengths: bool = False  # deviation is of the whole lie, in lengths of its own update

    def __post_init__(self) -> None:
        """Check the settings."""
        super().__post_init__()
        check_least(self, 0, "deviation")
        if (self.around_own or self.in_own_lengths) and "own_update" not in self.knowledge:
            named = "around_own" if self.around_own else "in_own_lengths"
            raise InvalidConfig(f"noise {named} needs knowledge of own_update; declare it")

    def apply(self, state: State, known: KnownUpdates, rngs: Generators) -> Answer:
        """Draw."""
        noise = np.stack([rng.standard_normal(known.shape[1]) for rng in rngs])
        deviation: float | Updates = self.deviation
        if self.in_own_lengths:  # so many of these are, in d coordinates, one length together
            deviation = deviation * np.linalg.norm(known.own, axis=1, keepdims=True)
            deviation = deviation / np.sqrt(known.shape[1])
        return deviation * noise + (known.own if self.around_own else 0), state
