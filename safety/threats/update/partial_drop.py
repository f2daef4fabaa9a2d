"""Partial drop: some coordinates of an update are lost."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rallypoint.config import check_within
from rallypoint.errors import InvalidConfig, did_you_mean
from rallypoint.safety.threats import State, register
from rallypoint.safety.threats.update import Answer, Generators, UpdateThreat
from rallypoint.safety.updates.known import KnownUpdates

FILLS = ("zero", "nan")


@register
@dataclass(frozen=True, kw_only=True)
class PartialDrop(UpdateThreat):
    """Each sends its own update with coordinates missing, each on a coin of its own.

    Filled with zeros the update looks sound and is biased; with NaN it is known what is missing,
    and a rule that takes NaN for a liar loses the whole update.

    Source: in the setting of Damaskinos, El Mhamdi, Guerraoui, Guirguis & Rouault (2019),
    "AggregaThor: Byzantine Machine Learning via Robust Gradient Aggregation", MLSys.
    """

    kind: ClassVar[str] = "partial_drop"
    must_know: ClassVar[frozenset[str]] = frozenset({"own_update"})

    knowledge: tuple[str, ...] = ("own_update",)
    fraction: float = 0.1  # of the coordinates
    fill: str = "zero"  # or "nan"

    def __post_init__(self) -> None:
        """Check the settings."""
        super().__post_init__()
        check_within(self, "[0, 1]", "fraction")
        if self.fill not in FILLS:
            raise InvalidConfig(f"no fill is called {self.fill!r}{did_you_mean(self.fill, FILLS)}")

    @property
    def is_finite(self) -> bool:
        """They are, if filled with zeros."""
        return self.fill == "zero"

    def apply(self, state: State, known: KnownUpdates, rngs: Generators) -> Answer:
        """Lose coordinates."""
        lost = np.stack([rng.random(known.shape[1]) for rng in rngs]) < self.fraction
        fill = known.dtype.type(0 if self.fill == "zero" else np.nan)
        return np.where(lost, fill, known.own), state
