"""Inner-product manipulation: the aggregate is turned against the honest mean."""

from dataclasses import dataclass
from typing import ClassVar

from rallypoint.safety.threats import State, register
from rallypoint.safety.threats.update import Answer, Generators, UpdateThreat
from rallypoint.safety.updates.directions import mean_of, repeated
from rallypoint.safety.updates.known import KnownUpdates


@register
@dataclass(frozen=True, kw_only=True)
class InnerProduct(UpdateThreat):
    """All send minus a multiple of the honest mean.

    Small multiples hide among honest updates that are near zero, large ones break a mean: its
    inner product with the honest mean becomes negative just when the multiple exceeds h / f, with
    h honest and f lying. Published multiples are 0.1, 2 and 10; a "factor of 1.1" of the form
    mean + 1.1 (-mean) is 0.1 here.

    Source: Xie, Koyejo & Gupta (2019), "Fall of Empires: Breaking Byzantine-tolerant SGD by Inner
    Product Manipulation", UAI, arXiv:1903.03936.
    """

    kind: ClassVar[str] = "inner_product"
    witnesses: ClassVar[bool] = True

    knowledge: tuple[str, ...] = ("honest_updates",)
    epsilon: float = 0.1  # the multiple

    def apply(self, state: State, known: KnownUpdates, rngs: Generators) -> Answer:
        """Send the multiple."""
        del rngs  # deterministic
        return repeated(-self.epsilon * mean_of(known.witnessed), known.shape), state
