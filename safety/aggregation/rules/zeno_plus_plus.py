"""Zeno++: an update is accepted if it agrees with the server's own gradient."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rallypoint.config import check_least, check_within
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
class ZenoPlusPlus(SpanRule):
    """The mean of the accepted updates, each as long as the root gradient v.

    With u an update rescaled to the length of v, it is accepted if
    rate <v, u> - rho |u|² + rate epsilon >= 0: if its cosine with v is at least
    rho / rate - epsilon / |v|². The penalty is on the rescaled update, as in the paper; the
    authors' code takes it before rescaling. Where nobody is accepted the answer is zero: no step
    is taken, as when the paper's server rejects what it was sent.

    epsilon has the unit of |v|²: near an optimum, where v is short, it accepts everything. It is 0
    here unless asked for; all defaults are ours.

    It lacks translation: cosines are taken at the origin; idempotence and honest_range: the answer
    is as long as the root gradient says, and where nobody agrees with it, zero.

    Source: in the setting of Xie, Koyejo & Gupta (2020), "Zeno++: Robust Fully Asynchronous SGD",
    ICML, arXiv:1903.07020. There updates come one by one; taking the mean of a round's is ours.
    """

    name: ClassVar[str] = "zeno_plus_plus"
    bound: ClassVar[str] = "n >= 1 f + 1"
    cost: ClassVar[str] = "two reads"
    source: ClassVar[str] = "in the setting of Xie, Koyejo & Gupta, ICML 2020, arXiv:1903.07020"
    needs: ClassVar[frozenset[Need]] = frozenset({"root"})
    anchors: ClassVar[tuple[Anchor, ...]] = ("origin", "root")
    lacks: ClassVar[frozenset[Property]] = frozenset({"translation", "idempotence", "honest_range"})

    rate: float = 0.1  # the learning rate at which updates will be applied
    rho: float = 1e-3  # gain that an update of norm 1 must promise
    epsilon: float = 0.0  # slack, in squared units of an update

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        check_within(self, "(0, inf)", "rate")
        check_least(self, 0, "rho", "epsilon")

    @property
    def radial(self) -> bool:
        """Only lengths, and products with the root gradient, are compared."""
        return True

    def weights(self, span: Span, f: int, context: Context) -> Weights:
        """Weigh the accepted by what rescales them; what is missing to one is the origin's."""
        del f, context
        origin, root = span.anchor("origin"), span.anchor("root")
        inner = span.about(one_hot(span, origin))
        lengths = np.sqrt(np.maximum(np.diagonal(inner), 0))
        length = lengths[root]
        own = lengths[: span.n]
        rescale = np.divide(length, own, out=np.zeros(span.n), where=own > 0)  # zero stays zero
        promised = self.rate * rescale * inner[: span.n, root] - self.rho * (rescale * own) ** 2
        accepted = promised + self.rate * self.epsilon >= 0
        weights = one_hot(span, origin)
        if accepted.any():
            weights[: span.n] = np.where(accepted, rescale, 0) / np.count_nonzero(accepted)
            weights[origin] -= weights[: span.n].sum()
        return weights
