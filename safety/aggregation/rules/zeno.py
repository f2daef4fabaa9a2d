"""Zeno: the updates that help most on trusted data."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rallypoint.config import check_least
from rallypoint.errors import InvalidConfig
from rallypoint.safety.aggregation.parts import (
    Anchor,
    Context,
    Need,
    Property,
    SpanRule,
    mean_of,
)
from rallypoint.safety.aggregation.rules import register
from rallypoint.safety.aggregation.span import Span, Weights


@register
@dataclass(frozen=True, kw_only=True)
class Zeno(SpanRule):
    """The mean of the n - f updates of the highest score: what they gain, less rho |u|².

    ``context.scores`` says what each gains: by how much the loss on the server's own data falls
    when one step is taken along it. Any number of liars is survived as long as one is honest. A
    score that is not finite is the lowest there is; with more than f of these there are more lies
    than were declared, and none is averaged.

    It lacks translation: lengths are measured from the origin; and scaling, since a gain has no
    unit of length.

    Source: in the setting of Xie, Koyejo & Gupta (2019), "Zeno: Distributed Stochastic Gradient
    Descent with Suspicion-based Fault-tolerance", ICML, arXiv:1805.10032.
    """

    name: ClassVar[str] = "zeno"
    bound: ClassVar[str] = "n >= 1 f + 1"
    cost: ClassVar[str] = "two reads"
    source: ClassVar[str] = "in the setting of Xie, Koyejo & Gupta, ICML 2019, arXiv:1805.10032"
    needs: ClassVar[frozenset[Need]] = frozenset({"scores"})
    anchors: ClassVar[tuple[Anchor, ...]] = ("origin",)
    lacks: ClassVar[frozenset[Property]] = frozenset({"translation", "scaling"})

    rho: float = 5e-4  # gain that an update of norm 1 must bring to be no burden

    def __post_init__(self) -> None:
        """Check the hyper-parameter."""
        check_least(self, 0, "rho")

    @property
    def radial(self) -> bool:
        """Lengths are distances from the origin."""
        return True

    def weights(self, span: Span, f: int, context: Context) -> Weights:
        """Weigh the highest scores alike."""
        scores = np.asarray(context.scores, dtype=np.float64)
        if scores.shape != (span.n,):
            raise InvalidConfig(
                f"zeno needs one score for each of {span.n} updates, got {scores.shape}; behind a "
                "mixing that changes their number, scores are nobody's"
            )
        finite = np.isfinite(scores)
        if (lies := span.n - np.count_nonzero(finite)) > f:
            raise InvalidConfig(
                f"{lies} updates have a score that is not finite, and f = {f} may be lies; declare "
                "a larger f, or look at the trusted data"
            )
        burden = self.rho * span.squared[: span.n, span.anchor("origin")]
        score = np.where(finite, scores, 0) - burden
        score[~finite] = -np.inf
        return mean_of(span, np.argsort(-score, kind="stable")[: span.n - f])
