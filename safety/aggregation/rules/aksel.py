"""Aksel: the mean of the updates nearest to the coordinate median."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rallypoint.errors import InvalidConfig, did_you_mean
from rallypoint.safety.aggregation.parts import Anchor, Context, Property, SpanRule, mean_of
from rallypoint.safety.aggregation.rules import register
from rallypoint.safety.aggregation.span import Span, Weights

VARIANTS = ("half", "nf")


@register
@dataclass(frozen=True, kw_only=True)
class Aksel(SpanRule):
    """The mean of the ceil(n / 2) updates nearest to the coordinate median, or of the n - f.

    Behind a mixing it is still the median of the updates as they came in; the mixed ones nearest to
    it are averaged.

    It lacks rotation: a coordinate median depends on the axes.

    Source: Boussetta, El Mhamdi, Guerraoui, Maurer & Rouault (2020), "AKSEL: Fast Byzantine SGD",
    OPODIS.
    """

    name: ClassVar[str] = "aksel"
    bound: ClassVar[str] = "n >= 2 f + 1"
    cost: ClassVar[str] = "one coordinate pass, two reads"
    source: ClassVar[str] = "Boussetta, El Mhamdi, Guerraoui, Maurer & Rouault, OPODIS 2020"
    anchors: ClassVar[tuple[Anchor, ...]] = ("median",)
    lacks: ClassVar[frozenset[Property]] = frozenset({"rotation"})

    variant: str = "half"  # or "nf": as many as are honest

    def __post_init__(self) -> None:
        """Check the variant."""
        if self.variant not in VARIANTS:
            raise InvalidConfig(
                f"no variant of aksel is called {self.variant!r}"
                f"{did_you_mean(self.variant, VARIANTS)}"
            )

    @property
    def radial(self) -> bool:
        """Only distances from the median are compared."""
        return True

    def weights(self, span: Span, f: int, context: Context) -> Weights:
        """Weigh the nearest to the median alike."""
        del context
        kept = span.n - f if self.variant == "nf" else -(-span.n // 2)
        away = span.squared[: span.n, span.anchor("median")]
        return mean_of(span, np.argsort(away, kind="stable")[:kept])
