"""The mean: no defence."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rallypoint.safety.aggregation.parts import Context, Property, SpanRule
from rallypoint.safety.aggregation.rules import register
from rallypoint.safety.aggregation.span import Span, Weights


@register
@dataclass(frozen=True, kw_only=True)
class Mean(SpanRule):
    """The mean of all updates: what robust rules are measured against.

    It takes any f, so that attacks can be tried on it, and withstands none. It lacks honest_range
    and is not bounded: one update moves it anywhere, as it does every fixed linear combination.

    Source: Blanchard, El Mhamdi, Guerraoui & Stainer, NeurIPS 2017, arXiv:1703.02757, on why.
    """

    name: ClassVar[str] = "mean"
    bound: ClassVar[str] = "n >= 1"
    cost: ClassVar[str] = "one read"
    source: ClassVar[str] = "no defence"
    oblivious: ClassVar[bool] = True
    lacks: ClassVar[frozenset[Property]] = frozenset({"honest_range", "bounded"})

    def robustness(self, n: int, f: int) -> float | None:
        """Return 0 if nobody lies; no constant holds otherwise."""
        del n
        return None if f else 0.0

    def weights(self, span: Span, f: int, context: Context) -> Weights:
        """Give every update the same weight."""
        del f, context
        weights = np.zeros(len(span.gram))
        weights[: span.n] = 1 / span.n
        return weights
