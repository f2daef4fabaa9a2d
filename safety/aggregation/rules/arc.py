"""Adaptive robust clipping: the longest updates are shortened to the next one's norm."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rallypoint.safety.aggregation.parts import Anchor, Context, Mixing, Property
from rallypoint.safety.aggregation.rules import register
from rallypoint.safety.aggregation.rules.clipping import shortened
from rallypoint.safety.aggregation.span import Matrix, Span


@register
@dataclass(frozen=True, kw_only=True)
class ARC(Mixing):
    """The updates, with the k = floor(2 f (n - f) / n) longest as long as the next one only.

    A rule that is (f, kappa)-robust remains so behind it, up to a constant; and the answer is
    bounded by what honest updates are long, which no rule of differences alone can promise.

    It lacks translation: lengths are measured from the origin; and honest_range: honest updates
    are shortened too, so the answer may be shorter than all of them.

    Source: Allouah, Guerraoui, Gupta, Jellouli, Rizk & Stephan (2025), "Adaptive Gradient Clipping
    for Robust Federated Learning", ICLR, arXiv:2405.14432.
    """

    name: ClassVar[str] = "arc"
    bound: ClassVar[str] = "n >= 2 f + 1"
    cost: ClassVar[str] = "one Gram; before a coordinate rule another two"
    source: ClassVar[str] = "Allouah et al., ICLR 2025, arXiv:2405.14432"
    anchors: ClassVar[tuple[Anchor, ...]] = ("origin",)
    lacks: ClassVar[frozenset[Property]] = frozenset({"translation", "honest_range"})

    def mix(self, span: Span, f: int, context: Context) -> Matrix:
        """Pull the longest towards the origin."""
        del context
        lengths = np.sqrt(span.squared[: span.n, span.anchor("origin")])
        longest = np.sort(lengths)[span.n - 1 - 2 * f * (span.n - f) // span.n]
        # Those no longer keep every bit, those of length 0 included.
        factors = np.divide(longest, lengths, out=np.ones(span.n), where=lengths > longest)
        return shortened(span, factors)
