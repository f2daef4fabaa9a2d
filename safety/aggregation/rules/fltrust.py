"""FLTrust: updates are believed as far as they point where the server's own gradient does."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rallypoint.safety.aggregation.parts import (
    Anchor,
    Context,
    Need,
    Property,
    SpanRule,
    one_hot,
)
from rallypoint.safety.aggregation.rules import register
from rallypoint.safety.aggregation.span import Span, Weights


@register
@dataclass(frozen=True, kw_only=True)
class FLTrust(SpanRule):
    """The updates, each as long as the root gradient, weighted by their cosine with it.

    An update that points away from the root gradient counts for nothing; where all do, the root
    gradient itself is the answer. The root gradient bounds everything, so it does without f.

    It lacks translation: cosines are taken at the origin; idempotence and honest_range: the answer
    is as long as the root gradient, not as the updates.

    Source: in the setting of Cao, Fang, Liu & Gong (2021), "FLTrust: Byzantine-robust Federated
    Learning via Trust Bootstrapping", NDSS, arXiv:2012.13995.
    """

    name: ClassVar[str] = "fltrust"
    bound: ClassVar[str] = "n >= 1 f + 1"
    cost: ClassVar[str] = "two reads"
    source: ClassVar[str] = "in the setting of Cao, Fang, Liu & Gong, NDSS 2021, arXiv:2012.13995"
    needs: ClassVar[frozenset[Need]] = frozenset({"root"})
    anchors: ClassVar[tuple[Anchor, ...]] = ("origin", "root")
    lacks: ClassVar[frozenset[Property]] = frozenset({"translation", "idempotence", "honest_range"})

    @property
    def radial(self) -> bool:
        """Only lengths, and products with the root gradient, are compared."""
        return True

    def weights(self, span: Span, f: int, context: Context) -> Weights:
        """Weigh by cosine, and rescale; what is missing to one is the origin's."""
        del f, context
        origin, root = span.anchor("origin"), span.anchor("root")
        inner = span.about(one_hot(span, origin))
        lengths = np.sqrt(np.maximum(np.diagonal(inner), 0))
        along = np.maximum(inner[: span.n, root], 0)  # |g| |root| cos
        # cos |root| / |g|, up to the one factor |root| over all; a zero update says nothing.
        squares = lengths[: span.n] ** 2
        pull = np.divide(along, squares, out=np.zeros(span.n), where=squares > 0)
        cosines = pull * lengths[: span.n]  # likewise up to the factor |root|
        if not cosines.any():
            return one_hot(span, root)
        weights = one_hot(span, origin)
        weights[: span.n] = pull * lengths[root] / cosines.sum()
        weights[origin] -= weights[: span.n].sum()
        return weights
