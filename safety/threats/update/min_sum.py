"""Min-Sum: as far from all honest updates together as one of them is."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rallypoint.safety.threats import State, register
from rallypoint.safety.threats.update import Answer, Generators, UpdateThreat
from rallypoint.safety.updates.directions import away, check_direction, mean_of, repeated
from rallypoint.safety.updates.known import KnownUpdates


@register
@dataclass(frozen=True, kw_only=True)
class MinSum(UpdateThreat):
    """All send the honest mean, moved away until its squared distances sum to some honest one's.

    The largest gamma for which sum_i |mean + gamma direction - x_i|² <= max_i sum_j |x_i - x_j|²;
    in closed form, where the paper searches. The maximum over i is the paper's; the authors' code
    takes the minimum. Receipts say gamma.

    Source: Shejwalkar & Houmansadr (2021), "Manipulating the Byzantine", NDSS, section IV.
    """

    kind: ClassVar[str] = "min_sum"
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
        """Go as far as the most remote honest one is."""
        del rngs  # deterministic
        rows = known.witnessed
        mean = mean_of(rows)
        direction = away(self.perturbation, rows, mean)
        norms = np.square(rows - mean).sum(axis=1)  # (m,)
        # sum_j |x_i - x_j|² = m |x_i - mean|² + sum_j |x_j - mean|²; the sum is what the mean has,
        # and moving it adds m gamma² |direction|².
        length = direction @ direction
        gamma = float(np.sqrt(norms.max() / length)) if length > 0 else 0.0
        lies = repeated(mean + gamma * direction, known.shape)
        return lies, {"strength": np.full_like(state["strength"], gamma)}
