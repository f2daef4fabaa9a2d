"""Krum: the update whose neighbours are nearest."""

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from rallypoint.safety.aggregation.parts import Context, SpanRule, one_hot
from rallypoint.safety.aggregation.rules import register
from rallypoint.safety.aggregation.span import Matrix, Span, Weights


@register
@dataclass(frozen=True, kw_only=True)
class Krum(SpanRule):
    """The update with the least sum of squared distances to its nearest neighbours.

    ``variant="paper"`` counts the n - f - 2 nearest others; ``"nf"`` one more, which is the
    n - f nearest with the update itself: the form whose constant is proved.

    Robustness of "nf", with h = n - f honest of variance V about their mean m: some honest update
    has all of them within 2 h V, as squared distances sum, so the answer x has its h nearest there.
    At least n - 2 f of these are honest, with a mean c: |x - c|² <= 2 h V / (n - 2 f), and |c - m|²
    <= V f / (n - 2 f). So |x - m|² <= (sqrt(2 (1 + r)) + sqrt(r))² V, with r = f / (n - 2 f).

    Source: Blanchard, El Mhamdi, Guerraoui & Stainer, NeurIPS 2017, arXiv:1703.02757. The constant
    is ours; Allouah et al., AISTATS 2023, arXiv:2302.01772, have the larger 6 (1 + r).
    """

    name: ClassVar[str] = "krum"
    bound: ClassVar[str] = "n >= 2 f + 3"
    cost: ClassVar[str] = "one Gram"
    source: ClassVar[str] = "Blanchard et al., 2017, NeurIPS, arXiv:1703.02757"

    variant: Literal["paper", "nf"] = "paper"

    def robustness(self, n: int, f: int) -> float | None:
        """Return (sqrt(2 (1 + r)) + sqrt(r))² of r = f / (n - 2 f), proved for the variant "nf"."""
        ratio = f / (n - 2 * f)
        root = math.sqrt(2 * (1 + ratio)) + math.sqrt(ratio)
        return root**2 if self.variant == "nf" else None

    def largest_spread(self, n: int, f: int) -> float | None:
        """Return 1 / eta(n, f) of the paper, whose resilience needs eta sqrt(d) sigma < |mean|."""
        if self.variant == "nf":
            return super().largest_spread(n, f)
        away = (f * (n - f - 2) + f**2 * (n - f - 1)) / (n - 2 * f - 2)
        return 1 / math.sqrt(2 * (n - f + away))

    def weights(self, span: Span, f: int, context: Context) -> Weights:
        """Believe the one with the least score; of equals, the first."""
        del context
        neighbours = span.n - f - (2 if self.variant == "paper" else 1)
        return one_hot(span, scores(span.nearest, neighbours).argmin())


def scores(nearest: Matrix, neighbours: int) -> NDArray[np.float64]:
    """Return the sum of each point's squared distances to its nearest others: (n,).

    Args:
        nearest: (n, n) its squared distances to all, the nearest first, itself.
        neighbours: how many others.
    """
    total: NDArray[np.float64] = nearest[:, 1 : neighbours + 1].sum(axis=1)
    return total
