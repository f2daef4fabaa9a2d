"""QUE: a filter by quantum entropy scores, which see several bad directions at once."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from rallypoint.errors import InvalidConfig
from rallypoint.safety.aggregation.covariance import spectrum
from rallypoint.safety.aggregation.rules import register
from rallypoint.safety.aggregation.rules.filter import Filter
from rallypoint.safety.aggregation.span import Span, Weights


@register
@dataclass(frozen=True, kw_only=True)
class Que(Filter):
    """The filter, with offsets counted in every direction, the wider the more.

    An offset y counts yᵀ Q y, where Q = exp(alpha (C - I) / (|C| - 1)) for the covariance C in
    squared scales and its largest eigenvalue |C|: from the squared norm at alpha = 0 to the widest
    direction alone for a large one. Without a scale, or with |C| <= 1, when the formula would turn
    its sign: exp(alpha C / |C|), which has none; and the squared norm. Q is not divided by its
    trace, which would need d and changes no weight.
    """

    name: ClassVar[str] = "que"
    source: ClassVar[str] = (
        "Dong, Hopkins & Li, 2019, Quantum Entropy Scoring for Fast Robust Mean Estimation and "
        "Improved Outlier Detection, arXiv:1906.11366"
    )

    alpha: float = 4.0  # 0 for the squared norm

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.alpha < np.inf:
            raise InvalidConfig(f"alpha must be a number of at least 0, got {self.alpha}")

    def scores(self, span: Span, shares: NDArray[Any]) -> tuple[float, Weights]:
        """Return the largest variance in any direction, and each update's score: (n,)."""
        variances, offsets = spectrum(span, shares)
        top = float(variances[-1])
        excess = top if self.scale is None else top - self.scale**2
        # Divided before anything else: an excess that is rounding may have no finite inverse.
        below = (variances - top) / excess if excess > 0 else np.zeros_like(variances)
        return top, offsets @ np.exp(self.alpha * below)
