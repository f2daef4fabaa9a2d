"""Comparative gradient elimination: the longest updates are not believed."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rallypoint.safety.aggregation.parts import Anchor, Context, Property, SpanRule, mean_of
from rallypoint.safety.aggregation.rules import register
from rallypoint.safety.aggregation.span import Span, Weights


@register
@dataclass(frozen=True, kw_only=True)
class CGE(SpanRule):
    """The mean of the n - f shortest updates.

    It looks at lengths alone: a lie no longer than the honest updates is averaged in, whatever its
    direction. Of equally long ones, the last leave.

    It lacks translation: lengths are measured from the origin.

    Source: Gupta, Liu & Vaidya (2021), "Byzantine Fault-Tolerant Distributed Machine Learning with
    Norm-Based Comparative Gradient Elimination", arXiv:2008.04699.
    """

    name: ClassVar[str] = "cge"
    bound: ClassVar[str] = "n >= 2 f + 1"
    cost: ClassVar[str] = "two reads"
    source: ClassVar[str] = "Gupta, Liu & Vaidya, DSN-W 2021, arXiv:2008.04699"
    anchors: ClassVar[tuple[Anchor, ...]] = ("origin",)
    lacks: ClassVar[frozenset[Property]] = frozenset({"translation"})

    @property
    def radial(self) -> bool:
        """Lengths are distances from the origin."""
        return True

    def weights(self, span: Span, f: int, context: Context) -> Weights:
        """Weigh the n - f nearest to the origin alike."""
        del context
        lengths = span.squared[: span.n, span.anchor("origin")]
        return mean_of(span, np.argsort(lengths, kind="stable")[: span.n - f])
