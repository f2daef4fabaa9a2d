"""What a worker can tell of the parameters that a server sends it, by what it knows itself.

Source: the filters at workers of El-Mhamdi, Guerraoui & Guirguis (2019), "Fast Machine Learning
with Byzantine Workers and Servers" ("LiuBei"), arXiv:1911.07537; formulas as its released code has
them, where the comparisons that the code only logs are made.
"""

from typing import NamedTuple

import numpy as np

from rallypoint.agents.rounds.filters.lipschitz import coefficient, distance, threshold
from rallypoint.agents.rounds.filters.versions import Vector
from rallypoint.batch_env import Snapshot
from rallypoint.errors import InvalidConfig

_MOST, _LEFT = 100, 50  # coefficients remembered, and how many of them are left when these are full


def reach(period: int, round_number: int, contributors: int, f: int) -> float:
    """Return how many of its own steps a worker expects honest parameters to be away, at most.

    >>> round(reach(5, 1, 10, 3), 4), round(reach(5, 5, 10, 3), 4)
    (9.9167, 17.9167)

    Args:
        period: rounds from one contraction to the next.
        round_number: from 1.
        contributors: n.
        f: how many of them may lie; more than 0.

    Raises:
        InvalidConfig: f is 0, where the bound is not defined.
    """
    if f < 1 or period < 1:
        raise InvalidConfig(
            f"the outlier filter is defined for f >= 1 and a period >= 1, got {f} and {period}"
        )
    since = (round_number - 1) % period
    return (3 * period + 2) * (contributors - f) / (4 * f) + 2 * since


class Local(NamedTuple):
    """What a worker remembers: where it was, what it found there, how erratic gradients are."""

    model: Vector  # (d,) that it accepted last
    gradient: Vector  # (d,) that it found there
    coefficients: tuple[float, ...] = ()

    def snapshot(self) -> Snapshot:
        """Return it as arrays."""
        return {
            "model": self.model.copy(),
            "gradient": self.gradient.copy(),
            "coefficients": np.array(self.coefficients, dtype=np.float64),
        }

    @classmethod
    def restored(cls, snapshot: Snapshot) -> "Local":
        """Return that of a snapshot."""
        coefficients = tuple(snapshot["coefficients"].tolist())
        return cls(snapshot["model"].copy(), snapshot["gradient"].copy(), coefficients)

    def guess(self, rate: float) -> Vector:
        """Return where one step of its own would have taken it, (d,)."""
        moved: Vector = self.model - np.float32(rate) * self.gradient
        return moved

    def is_near(self, model: Vector, rate: float, steps: float) -> bool:
        """Say whether parameters are within so many steps of its guess."""
        step = rate * distance(self.gradient, np.zeros_like(self.gradient))
        return distance(self.guess(rate), model) < step * steps

    def coefficient(self, gradient: Vector, rate: float) -> float | None:
        """Return by how much gradients differ, for the way of its own step."""
        return coefficient(
            distance(gradient, self.gradient), distance(self.guess(rate), self.model)
        )

    def is_smooth(self, found: float | None, share: float) -> bool:
        """Say whether a coefficient is no larger than a share of those remembered."""
        return found is None or found <= threshold(np.array(self.coefficients), share)

    def then(self, model: Vector, gradient: Vector, found: float | None) -> "Local":
        """Return what it remembers after it accepted parameters and found a gradient there."""
        kept = self.coefficients if found is None else (*self.coefficients, found)
        return Local(model, gradient, kept if len(kept) < _MOST else kept[-_LEFT:])
