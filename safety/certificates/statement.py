"""What a certificate says of itself."""

from dataclasses import dataclass
from typing import Any

from gymnasium.spaces import Box

from rallypoint.batch_env import Group
from rallypoint.errors import InvalidConfig


@dataclass(frozen=True, kw_only=True)
class Statement:
    """What is certified, against which changes, and how surely."""

    certifies: str  # in words
    norm: str  # in which the budget is measured
    confidence: float  # that the bound holds; 1 where nothing rests on samples
    samples: int  # that it rests on; 0 where nothing was sampled

    def __str__(self) -> str:
        """Say it in one sentence."""
        surely = f", with confidence {self.confidence:g}" if self.confidence < 1 else ", surely"
        sampled = f" from {self.samples} samples" if self.samples else ""
        return f"{self.certifies}, against changes within a budget in {self.norm}{surely}{sampled}"

    def confidence_of(self, count: int) -> float:
        """Return how surely so many certificates of this kind hold together: by the union bound.

        Raises:
            InvalidConfig: fewer than one.
        """
        if count < 1:
            raise InvalidConfig(f"certificates that hold together are 1 or more, got {count}")
        return max(0.0, 1 - count * (1 - self.confidence))


def check_sigma(sigma: float) -> float:
    """Return the standard deviation of smoothing noise.

    Raises:
        InvalidConfig: without noise nothing is smoothed.
    """
    if not 0 < sigma < float("inf"):
        raise InvalidConfig(
            f"sigma, the standard deviation of the noise, is a finite number > 0, got {sigma}; "
            "without noise take interval bounds, which smooth nothing"
        )
    return float(sigma)


def check_alpha(alpha: float) -> float:
    """Return how likely a certificate may be wrong.

    Raises:
        InvalidConfig: that is no small probability.
    """
    if not 0 < alpha < 0.5:
        raise InvalidConfig(f"alpha, the chance to be wrong, lies in (0, 0.5), got {alpha}")
    return float(alpha)


def check_budget(budget: float) -> float:
    """Return how large changes may be.

    Raises:
        InvalidConfig: it is negative or has no end.
    """
    if not 0 <= budget < float("inf"):
        raise InvalidConfig(f"a budget is a finite number >= 0, got {budget}")
    return float(budget)


def refuse_without_norm(group: Group) -> None:
    """Refuse observations between which there are no lengths, or where noise cannot be added.

    Raises:
        InvalidConfig: names what can be taken instead.
    """
    space: Any = group.observation_space
    if not isinstance(space, Box) or space.dtype.kind != "f":
        raise InvalidConfig(
            f"smoothing adds noise to real numbers, and group {group.name!r} sees {space}: a "
            "choice of few has no such norm; on gridworlds the tree search of "
            "rallypoint.safety.certificates.reachable_return takes sets of neighbours instead"
        )
