"""A little is enough: lies that stay within what honest updates spread."""

from dataclasses import dataclass
from statistics import NormalDist
from typing import ClassVar

import numpy as np

from rallypoint.errors import InvalidConfig
from rallypoint.safety.threats import State, register
from rallypoint.safety.threats.update import Answer, Generators, UpdateThreat
from rallypoint.safety.updates.directions import deviation_of, mean_of, repeated
from rallypoint.safety.updates.known import KnownUpdates
from rallypoint.safety.updates.line_search import HIGH, LOW, strongest


@register
@dataclass(frozen=True, kw_only=True)
class Alie(UpdateThreat):
    """All send the honest mean less z honest standard deviations (with m - 1) in each coordinate.

    ``z="paper"`` is ``z_max`` of the paper, the largest for which enough honest updates are
    expected to lie further out; for few contributors it is near 0 and does no harm.
    ``z="optimal"`` is the z > 0, of those asked about, that moves the aggregate furthest from the
    honest mean, which needs knowledge of the aggregator; a number is just that z. Receipts say
    which z it was. Where honest updates are skewed the other side, z < 0, may do more, and is not
    searched: three liars among ten move a median by 9.1 where the honest seven are exponential in
    200 coordinates, and by 6.2 where these are reversed.

    Source: Baruch, Baruch & Goldberg (2019), "A Little Is Enough", NeurIPS, arXiv:1902.06156,
    algorithm 3.
    """

    kind: ClassVar[str] = "alie"
    witnesses: ClassVar[bool] = True

    knowledge: tuple[str, ...] = ("honest_updates",)
    z: float | str = "paper"  # or "optimal", or a number
    evaluations: int = 20  # of the aggregator, for the optimal z

    def __post_init__(self) -> None:
        """Check the settings."""
        super().__post_init__()
        if isinstance(self.z, str) and self.z not in ("paper", "optimal"):
            raise InvalidConfig(f'z is "paper", "optimal" or a number, got {self.z!r}')
        if self.evaluations < 3:
            raise InvalidConfig(f"evaluations are at least 3, got {self.evaluations!r}")
        if self.z == "optimal" and not {"honest_updates", "aggregator"} <= set(self.knowledge):
            raise InvalidConfig(
                'the optimal z is found by asking the aggregator: declare knowledge = ["aggregator"'
                ', "honest_updates"]'
            )

    def strengths(self, n: int) -> tuple[float, float]:
        """Return z, or where it may lie; which it is in a round depends on who is there."""
        match self.z:
            case "paper":
                # (h - s) / h is least at n = 4 with one liar, and most for one honest above s = 1.
                return z_max(4, 1), NormalDist().inv_cdf((n - 2) / (n - 1)) if n > 2 else 0.0
            case "optimal":
                return LOW, HIGH
            case _:
                return float(self.z), float(self.z)

    def init(self, E: int, N: int) -> State:
        """Remember z, for the receipt."""
        del N
        return {"strength": np.full(E, np.nan)}

    def apply(self, state: State, known: KnownUpdates, rngs: Generators) -> Answer:
        """Shift by z deviations."""
        del rngs  # deterministic
        rows = known.witnessed
        mean = mean_of(rows)
        deviation = deviation_of(rows, mean)
        match self.z:
            case "paper":
                z = z_max(known.n, known.shape[0])
            case "optimal":
                z, _ = strongest(
                    lambda z: float(np.linalg.norm(known.answer_to(mean - z * deviation) - mean)),
                    scale=1.0,
                    evaluations=self.evaluations,
                )
            case _:
                z = float(self.z)
        lies = repeated(mean - z * deviation, known.shape)
        return lies, {"strength": np.full_like(state["strength"], z)}


def z_max(n: int, f_real: int) -> float:
    """Return the paper's z: the normal quantile at (h - s) / h, with h = n - f_real honest.

    s = floor(n / 2 + 1) - f_real is how many of them the liars still need for a majority. One that
    needs nobody has no bound in the paper; here it goes as far as one that needs one. Where h = s,
    for n <= 2, it is 0.

    >>> round(z_max(50, 24), 4)
    1.4261
    """
    honest = n - f_real
    needed = max(n // 2 + 1 - f_real, 1)
    return NormalDist().inv_cdf((honest - needed) / honest) if honest > needed else 0.0
