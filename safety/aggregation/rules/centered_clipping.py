"""Centred clipping: nobody moves the last aggregate far."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rallypoint.errors import InvalidConfig
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
class CenteredClipping(SpanRule):
    """The last aggregate, moved towards each update by at most tau / n in every step.

    v <- v + mean of (x_i - v) min(1, tau / |x_i - v|), from v = the last aggregate on. Nothing is
    remembered here: who calls hands the last aggregate over as ``context.previous``, and zeros at
    first.

    tau has the unit of an update. It should be of the order of the honest updates' distance from
    the last aggregate (with worker momentum beta, the authors scale it by 1 / (1 - beta)): f liars
    move a step by up to tau f / n, so a larger tau lets more in, and far above the honest distances
    the rule is the mean; far below, it crawls after the honest by tau a step whatever they say.
    The default suits updates of norm 1 to 100, and policy gradients of norm 1e-3 not at all.

    It lacks scaling, since tau is a length; idempotence, honest_range: a last aggregate far from
    all updates is left by steps of tau only; and does not use f.

    Source: Karimireddy, He & Jaggi (2021), "Learning from History for Byzantine Robust
    Optimization", ICML, arXiv:2012.10333.
    """

    name: ClassVar[str] = "centered_clipping"
    bound: ClassVar[str] = "n >= 2 f + 1"
    cost: ClassVar[str] = "two reads; with more steps one Gram, one read"
    source: ClassVar[str] = "Karimireddy, He & Jaggi, ICML 2021, arXiv:2012.10333"
    needs: ClassVar[frozenset[Need]] = frozenset({"previous"})
    anchors: ClassVar[tuple[Anchor, ...]] = ("previous",)
    lacks: ClassVar[frozenset[Property]] = frozenset({"scaling", "idempotence", "honest_range"})

    tau: float = 10.0  # furthest that one update is followed, in the unit of updates
    steps: int = 1

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        if not self.tau > 0:
            raise InvalidConfig(f"tau is a length > 0, got {self.tau!r}")
        if self.steps < 1:
            raise InvalidConfig(f"steps is a whole number >= 1, got {self.steps!r}")

    @property
    def radial(self) -> bool:
        """In the first step, only distances from the last aggregate are compared."""
        return self.steps == 1

    def weights(self, span: Span, f: int, context: Context) -> Weights:
        """Walk from the last aggregate, in the coefficients of a combination."""
        del f, context
        centre = one_hot(span, span.anchor("previous"))
        for _ in range(self.steps):
            away = np.sqrt(span.squared_from(centre)[: span.n])
            # One at the centre pulls nowhere; its share is then whatever it likes.
            followed = np.divide(self.tau, away, out=np.ones(span.n), where=away > self.tau)
            centre *= 1 - followed.mean()
            centre[: span.n] += followed / span.n
        return centre
