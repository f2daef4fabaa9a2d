"""Max-min mix: half the mean of directions, half what agrees most with whoever agrees least."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rallypoint.errors import InvalidConfig
from rallypoint.safety.aggregation.least_norm import capped_least_norm
from rallypoint.safety.aggregation.parts import Anchor, Context, Property, SpanRule
from rallypoint.safety.aggregation.rules import register
from rallypoint.safety.aggregation.rules.mean_of_directions import to_one_norm
from rallypoint.safety.aggregation.span import Span, Weights


@register
@dataclass(frozen=True, kw_only=True)
class MaxMinMix(SpanRule):
    """The mean of directions, mixed with the step that no n - f updates are against.

    Of all steps no longer than 1, which one has the largest inner product with the mean of those
    n - f directions that it has least with? By the minimax theorem the shortest point P of all
    means of n - f directions and of what lies between them, at length 1. So <P, m_S> >= |P|² for
    *every* S of n - f, the honest among them, however their updates spread. Its price: f liars can
    bring 0 in between, and P is then 0. It stalls, but is never turned.

    With D the ``mean_of_directions`` (see there for the letters) and F = (1 - share) D + share P,

        <F, m> >= (1 - share) s |m| (h |m| - f) / n + share |P|² / s,

    |P| being at most s |m|. So the condition |m| > f / h, under which D goes along the honest, is
    enough here too, and not needed where liars leave P long enough; where it does not hold, F can
    be turned by (1 - share) of what D can be. All of this is about means of *directions*, and of
    these honest, not about the gradient that they estimate. There is no robustness constant.

    It lacks translation, as lengths are measured from the origin, and honest_range.
    """

    name: ClassVar[str] = "max_min_mix"
    bound: ClassVar[str] = "n >= 2 f + 1"
    cost: ClassVar[str] = "one Gram, one read; and a few n x n systems"
    source: ClassVar[str] = (
        "ours; without a cap, the common descent direction of several objectives: Désidéri, 2012, "
        "Multiple-gradient descent algorithm, C. R. Math. 350"
    )
    anchors: ClassVar[tuple[Anchor, ...]] = ("origin",)
    lacks: ClassVar[frozenset[Property]] = frozenset({"translation", "honest_range"})

    share: float = 0.5  # of the max-min step; 0 is the mean of directions

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise InvalidConfig(f"share must lie in [0, 1], got {self.share}")

    def weights(self, span: Span, f: int, context: Context) -> Weights:
        """Return the weights (k,) of the mix; what they lack to one is the origin's.

        Raises:
            SearchTooLong: the shortest point was not found; says what to do.
        """
        del context
        n, origin = span.n, span.anchor("origin")
        factors = to_one_norm(span)
        from_origin = span.gram[:n, origin]
        inner = span.gram[:n, :n] - from_origin  # in place from here, which is sooner done
        inner -= (from_origin - span.gram[origin, origin])[:, None]
        inner *= factors
        inner *= factors[:, None]
        mixed = self.share * capped_least_norm(inner, n - f)
        mixed += (1 - self.share) / n
        weights = np.zeros(len(span.gram))
        weights[:n] = mixed * factors
        weights[origin] = 1 - weights.sum()
        return weights
