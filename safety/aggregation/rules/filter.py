"""Filter: down with the weight of what widens the covariance most."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from rallypoint.errors import InvalidConfig
from rallypoint.safety.aggregation.covariance import filtered, lowered, total, widest
from rallypoint.safety.aggregation.parts import Context, SpanRule
from rallypoint.safety.aggregation.rules import register
from rallypoint.safety.aggregation.span import Span, Weights


@register
@dataclass(frozen=True, kw_only=True)
class Filter(SpanRule):
    """Robust mean whose error does not grow with d: weights fall along the widest direction.

    Each update loses weight in proportion to its squared offset along the widest direction, the
    farthest all of it, until the variance there is at most ``factor`` times ``scale`` squared.
    While that bound holds for the honest, more Byzantine weight is lost than honest, so no more
    than 2 f in all; what would take more is not done. Without a scale, only that ends it.

    Robustness: an error of order scale × sqrt(f / n) for honest updates whose standard deviation
    is at most scale in every direction; the constant is not known here.
    """

    name: ClassVar[str] = "filter"
    bound: ClassVar[str] = "n >= 2 f + 1"
    cost: ClassVar[str] = "one Gram, one read"
    source: ClassVar[str] = (
        "Diakonikolas, Kamath, Kane, Li, Moitra & Stewart, 2017, Being Robust (in High Dimensions) "
        "Can Be Practical, arXiv:1703.00893"
    )

    scale: float | None = None  # honest standard deviation in any direction, if known
    factor: float = 9.0  # variance left at the end, in squared scales

    def __post_init__(self) -> None:
        if self.scale is not None and not self.scale > 0:
            raise InvalidConfig(f"scale must be positive, or None if not known, got {self.scale}")
        if not self.factor > 0:
            raise InvalidConfig(f"factor must be positive, got {self.factor}")

    def weights(self, span: Span, f: int, context: Context) -> Weights:
        """Return the weights (k,) that are left."""
        del context
        limit = 0.0 if self.scale is None else self.factor * self.scale**2
        weights = np.zeros(len(span.gram))
        if type(self) is Filter:  # whoever scores otherwise does so in NumPy
            found = filtered(span, limit, span.n - 2 * f)
            if found is not None:
                weights[: span.n] = found
                return weights
        left = np.ones(span.n)
        while True:
            shares = left / total(left)
            value, scores = self.scores(span, shares)
            if value <= limit or not scores.any():
                break
            left = lowered(left, scores)
            if total(left) < span.n - 2 * f:
                break
        weights[: span.n] = shares
        return weights

    def scores(self, span: Span, shares: NDArray[Any]) -> tuple[float, Weights]:
        """Return the largest variance in any direction, and how much each update adds: (n,)."""
        return widest(span, shares)
