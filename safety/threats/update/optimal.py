"""Optimal: the lie along a line that moves this very aggregator most."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rallypoint.errors import InvalidConfig
from rallypoint.safety.threats import State, register
from rallypoint.safety.threats.update import Answer, Generators, UpdateThreat
from rallypoint.safety.updates.directions import (
    away,
    check_direction,
    length_of,
    mean_of,
    repeated,
    spread_of,
)
from rallypoint.safety.updates.known import KnownUpdates
from rallypoint.safety.updates.line_search import strongest
from rallypoint.safety.updates.reversal import most_against

_REVERSE = "reverse"


@register
@dataclass(frozen=True, kw_only=True)
class Optimal(UpdateThreat):
    """All send mean + a direction, with the a that takes the aggregate furthest from the mean.

    The direction "std" makes it the optimal ALIE, "mean" the optimal inner-product manipulation.
    With "reverse" all send -a mean, with the a that takes the aggregate furthest *against* the
    mean, <aggregate, mean> at its least: what matters to who descends along it.
    What the aggregate does as a grows is neither monotone nor smooth, so the search starts from
    many points, and asks exactly ``evaluations`` times. It ends at the strongest lie it met, never
    a proof that there is none stronger. Receipts say a.

    Source: Shejwalkar & Houmansadr (2021), "Manipulating the Byzantine", NDSS; line search against
    a given rule: Allouah et al. (2023), "Fixing by Mixing", AISTATS, arXiv:2302.01772.
    """

    kind: ClassVar[str] = "optimal"
    must_know: ClassVar[frozenset[str]] = frozenset({"honest_updates", "aggregator"})

    knowledge: tuple[str, ...] = ("honest_updates", "aggregator")
    direction: str = "std"  # or "mean", "unit", "sign", or "reverse"
    evaluations: int = 20  # of the aggregator

    def __post_init__(self) -> None:
        """Check the settings."""
        super().__post_init__()
        if self.direction != _REVERSE:
            check_direction(self.direction)
        if self.evaluations < 3:
            raise InvalidConfig(f"evaluations are at least 3, got {self.evaluations!r}")

    def strengths(self, n: int) -> tuple[float, float]:
        """Return that it only goes ahead."""
        del n
        return 0.0, math.inf

    def in_words(self) -> dict[str, str]:
        """Say what is sent; of the reverse, what that is."""
        if self.direction != _REVERSE:
            return super().in_words()
        return {
            "does": "All send minus a times the honest mean, with the a that takes the aggregate "
            f"furthest against the mean, of {self.evaluations} that are tried."
        }

    def init(self, E: int, N: int) -> State:
        """Remember a, for the receipt."""
        del N
        return {"strength": np.full(E, np.nan)}

    def apply(self, state: State, known: KnownUpdates, rngs: Generators) -> Answer:
        """Ask, and send the strongest."""
        del rngs  # deterministic
        mean = mean_of(known.honest)
        if self.direction == _REVERSE:
            factor = most_against(known, mean, self.evaluations)
            lies = repeated(-factor * mean, known.shape)
            return lies, {"strength": np.full_like(state["strength"], factor)}
        direction = away(self.direction, known.honest, mean)
        length = length_of(direction)
        factor = 0.0
        if length:
            factor, _ = strongest(
                lambda a: length_of(known.answer_to(mean + a * direction) - mean),
                scale=(spread_of(known.honest, mean) or 1.0) / length,
                evaluations=self.evaluations,
            )
        lies = repeated(mean + factor * direction, known.shape)
        return lies, {"strength": np.full_like(state["strength"], factor)}
