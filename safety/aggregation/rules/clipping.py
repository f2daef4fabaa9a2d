"""Static clipping: no update is longer than a given norm."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rallypoint.errors import InvalidConfig
from rallypoint.safety.aggregation.parts import Anchor, Context, Mixing, Property
from rallypoint.safety.aggregation.rules import register
from rallypoint.safety.aggregation.span import Matrix, Span, Weights


@register
@dataclass(frozen=True, kw_only=True)
class Clipping(Mixing):
    """The updates, shortened to a norm where they are longer: min(1, norm / |x|) x.

    The norm has the unit of an update, so it must be chosen for the task: too long and it does
    nothing, too short and all that is left of the honest updates are their directions. ``arc``
    chooses it from the updates.

    It lacks translation: lengths are measured from the origin; scaling, since the norm is a length;
    idempotence and honest_range: what all agree on is shortened too.

    Source: Pascanu, Mikolov & Bengio (2013), "On the difficulty of training recurrent neural
    networks", ICML, arXiv:1211.5063; as a step before robust rules, widely used.
    """

    name: ClassVar[str] = "clipping"
    bound: ClassVar[str] = "n >= 1 f + 1"
    cost: ClassVar[str] = "one Gram; before a coordinate rule another two"
    source: ClassVar[str] = "Pascanu, Mikolov & Bengio, ICML 2013, arXiv:1211.5063"
    anchors: ClassVar[tuple[Anchor, ...]] = ("origin",)
    lacks: ClassVar[frozenset[Property]] = frozenset(
        {"translation", "scaling", "idempotence", "honest_range"}
    )

    norm: float = 1.0  # of the longest, in the unit of updates

    def __post_init__(self) -> None:
        """Check the norm."""
        if not self.norm > 0:
            raise InvalidConfig(f"norm is a length > 0, got {self.norm!r}")

    def mix(self, span: Span, f: int, context: Context) -> Matrix:
        """Pull the longer ones towards the origin."""
        del f, context
        lengths = np.sqrt(span.squared[: span.n, span.anchor("origin")])
        return shortened(span, self.norm / np.maximum(lengths, self.norm))


def shortened(span: Span, factors: Weights) -> Matrix:
    """Return the mixing that multiplies each update by a factor (n,); the origin is an anchor."""
    mixing = np.zeros((span.n, len(span.gram)))
    np.fill_diagonal(mixing, factors)
    mixing[:, span.anchor("origin")] = 1 - factors
    return mixing
