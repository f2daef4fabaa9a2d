"""Mean of directions: every update counts for where it points, and none for how far."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rallypoint.safety.aggregation.parts import Anchor, Context, Property, SpanRule
from rallypoint.safety.aggregation.rules import register
from rallypoint.safety.aggregation.span import Span, Weights


@register
@dataclass(frozen=True, kw_only=True)
class MeanOfDirections(SpanRule):
    """The mean of the updates, each brought to the median of their norms.

    With u_i the directions, s the median norm and m the mean direction of the h = n - f honest, it
    is F = s (h m + b) / n, where b is what f liars add: at most f long, and worst as -f m / |m|.
    Hence, whatever they send,

        <F, m> >= s |m| (h |m| - f) / n,

    and some liars bring it about. So the condition is |m| > f / h: if it holds, F goes along the
    honest, and if not, liars can turn it, though by no more than s f² / (4 n h). In the mean cosine
    c between two honest updates it is c > (f² - h) / (h (h - 1)); where f² < h, honest updates that
    are at right angles on average fulfil it. A liar that knows where the honest *ought* to go can
    turn F away from there if the mean cosine of the honest with it is below f / h, however well
    they agree: more data, or the memory of earlier rounds, is the remedy.

    What is kept is the honest mean of directions; it is not the honest mean, and how far it is from
    that depends on how lengths and directions go together. So it has no robustness constant, and it
    lacks honest_range; lengths are measured from the origin, hence it lacks translation. As for any
    rule that trusts half, the median norm is at most an honest one.
    """

    name: ClassVar[str] = "mean_of_directions"
    bound: ClassVar[str] = "n >= 2 f + 1"
    cost: ClassVar[str] = "two reads"
    source: ClassVar[str] = "ours; the condition is derived in its docstring"
    anchors: ClassVar[tuple[Anchor, ...]] = ("origin",)
    lacks: ClassVar[frozenset[Property]] = frozenset({"translation", "honest_range"})

    @property
    def radial(self) -> bool:
        """Only lengths are compared, which are distances from the origin."""
        return True

    def weights(self, span: Span, f: int, context: Context) -> Weights:
        """Return the weights (k,) of the mean; what they lack to one is the origin's."""
        del f, context
        weights = np.zeros(len(span.gram))
        weights[: span.n] = to_one_norm(span) / span.n
        weights[span.anchor("origin")] = 1 - weights.sum()
        return weights


def to_one_norm(span: Span) -> Weights:
    """Return the factors (n,) that bring each update to their median norm.

    An update of norm 0 has no direction, and stays where it is.
    """
    norms = np.sqrt(span.squared[: span.n, span.anchor("origin")])
    ordered = norms.copy()
    ordered.sort()  # np.median takes ten times as long for as few
    median = (ordered[(span.n - 1) // 2] + ordered[span.n // 2]) / 2
    factors: Weights = np.divide(median, norms, out=np.ones(span.n), where=norms > 0)
    return factors
