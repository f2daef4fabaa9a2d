"""Nearest-neighbour averaging around an update that is known to be honest."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rallypoint.safety.aggregation.parts import Context, Need, SpanRule, mean_of
from rallypoint.safety.aggregation.rules import register
from rallypoint.safety.aggregation.span import Span, Weights


@register
@dataclass(frozen=True, kw_only=True)
class MoNNA(SpanRule):
    """The mean of the n - f updates nearest to a trusted one, itself included.

    Among peers, each trusts its own update. With several trusted updates, it is their mean that
    the others are compared with. It stands and falls with them: believe a liar, and the mean is
    of the liar's neighbours.

    Source: Farhadkhani, Guerraoui, Gupta, Hoang, Pinot & Stephan (2023), "Robust Collaborative
    Learning with Linear Gradient Overhead", ICML, arXiv:2209.10931.
    """

    name: ClassVar[str] = "monna"
    bound: ClassVar[str] = "n >= 2 f + 1"
    cost: ClassVar[str] = "two reads"
    source: ClassVar[str] = "Farhadkhani et al., ICML 2023, arXiv:2209.10931"
    needs: ClassVar[frozenset[Need]] = frozenset({"trusted"})

    @property
    def radial(self) -> bool:
        """Only distances from the trusted are compared."""
        return True

    def weights(self, span: Span, f: int, context: Context) -> Weights:
        """Weigh the nearest to the mean of the trusted alike."""
        assert context.trusted is not None, "declared in needs"
        pivot = mean_of(span, np.asarray(context.trusted))
        away = np.diagonal(span.about(pivot))[: span.n]
        return mean_of(span, np.argsort(away, kind="stable")[: span.n - f])
