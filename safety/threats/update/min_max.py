"""Min-Max: as far out as some two honest updates are apart."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rallypoint.safety.threats import State, register
from rallypoint.safety.threats.update import Answer, Generators, UpdateThreat
from rallypoint.safety.updates.directions import away, check_direction, mean_of, repeated
from rallypoint.safety.updates.known import KnownUpdates


@register
@dataclass(frozen=True, kw_only=True)
class MinMax(UpdateThreat):
    """All send the honest mean, moved away until one honest update is as far as any two are.

    The largest gamma for which max_i |mean + gamma direction - x_i| <= max_ij |x_i - x_j|; in
    closed form, where the paper searches. Receipts say gamma.

    Source: Shejwalkar & Houmansadr (2021), "Manipulating the Byzantine", NDSS, section IV.
    """

    kind: ClassVar[str] = "min_max"
    witnesses: ClassVar[bool] = True

    knowledge: tuple[str, ...] = ("honest_updates",)
    perturbation: str = "std"  # the direction; or "unit", "sign", "mean"

    def __post_init__(self) -> None:
        """Check the direction."""
        super().__post_init__()
        check_direction(self.perturbation)

    def init(self, E: int, N: int) -> State:
        """Remember gamma, for the receipt."""
        del N
        return {"strength": np.full(E, np.nan)}

    def apply(self, state: State, known: KnownUpdates, rngs: Generators) -> Answer:
        """Go as far as the furthest two are apart."""
        del rngs  # deterministic
        rows = known.witnessed
        mean = mean_of(rows)
        direction = away(self.perturbation, rows, mean)
        offsets = rows - mean  # (m, d)
        gram = offsets @ offsets.T
        norms = np.diagonal(gram)
        apart = (norms[:, None] + norms[None, :] - 2 * gram).max()
        gamma = 0.0
        if (length := direction @ direction) > 0:
            # |gamma direction - offset|² = apart, a quadratic for each: the first root counts.
            along = offsets @ direction / length
            squares = along**2 + (apart - norms) / length  # below 0 by rounding alone
            gamma = float((along + np.sqrt(np.maximum(squares, 0))).min())
        lies = repeated(mean + gamma * direction, known.shape)
        return lies, {"strength": np.full_like(state["strength"], gamma)}
