"""The attack on federated policy gradients: a common lie just outside what colluders found."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rallypoint.safety.threats import State, register
from rallypoint.safety.threats.update import Answer, Generators, UpdateThreat
from rallypoint.safety.updates.directions import mean_of, repeated
from rallypoint.safety.updates.known import KnownUpdates


@register
@dataclass(frozen=True, kw_only=True)
class FedPG(UpdateThreat):
    """All send their own updates' mean, moved in a random direction by 1.5 times their spread.

    The spread is the largest distance between two of theirs, an estimate of three standard
    deviations from what they hold themselves; so they know of nobody else. The direction is drawn
    anew each round, from the stream of the first of them. One that is alone has no spread, and
    sends the truth.

    Source: in the setting of Fan, Ma, Dai, Jing, Tan & Low (2021), "Fault-Tolerant Federated
    Reinforcement Learning with Theoretical Guarantee", NeurIPS, arXiv:2110.14074.
    """

    kind: ClassVar[str] = "fedpg"
    must_know: ClassVar[frozenset[str]] = frozenset({"own_update"})

    knowledge: tuple[str, ...] = ("own_update",)
    factor: float = 1.5  # of the spread

    def strengths(self, n: int) -> tuple[float, float]:
        """Return on which side of 0 a spread times the factor lies."""
        del n
        return (0.0, math.inf) if self.factor >= 0 else (-math.inf, 0.0)

    def init(self, E: int, N: int) -> State:
        """Remember how far they went, for the receipt."""
        del N
        return {"strength": np.full(E, np.nan)}

    def apply(self, state: State, known: KnownUpdates, rngs: Generators) -> Answer:
        """Go outside."""
        mean = mean_of(known.own)
        offsets = known.own - mean
        gram = offsets @ offsets.T
        norms = np.diagonal(gram)
        squared = (norms[:, None] + norms[None, :] - 2 * gram).max()
        far = self.factor * float(np.sqrt(max(squared, 0.0)))
        direction = rngs[0].standard_normal(known.shape[1])
        lie = mean + far * direction / np.linalg.norm(direction)
        return repeated(lie, known.shape), {"strength": np.full_like(state["strength"], far)}
