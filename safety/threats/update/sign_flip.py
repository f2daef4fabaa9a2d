"""Sign flip: contributors send the opposite of what they found."""

from dataclasses import dataclass
from typing import ClassVar

from rallypoint.safety.threats import State, register
from rallypoint.safety.threats.update import Answer, Generators, UpdateThreat
from rallypoint.safety.updates.known import KnownUpdates


@register
@dataclass(frozen=True, kw_only=True)
class SignFlip(UpdateThreat):
    """Each sends its own update, reversed and scaled.

    The factor decides what it does to a mean: with h honest contributors and f reversed ones, the
    mean keeps a share (h - factor f) / n of the honest one. Published factors are 1; 2.5, in
    Byzantine policy gradients; and 100.

    Source: Li, Xu, Chen, Giannakis & Ling (2019), "RSA: Byzantine-Robust Stochastic Aggregation
    Methods", AAAI, arXiv:1811.03761; factor 2.5: Fan et al. (2021), arXiv:2110.14074.
    """

    kind: ClassVar[str] = "sign_flip"
    must_know: ClassVar[frozenset[str]] = frozenset({"own_update"})

    knowledge: tuple[str, ...] = ("own_update",)
    factor: float = 1.0

    def apply(self, state: State, known: KnownUpdates, rngs: Generators) -> Answer:
        """Reverse."""
        del rngs  # deterministic
        return -self.factor * known.own, state
