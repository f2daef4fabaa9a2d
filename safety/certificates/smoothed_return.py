"""Policy smoothing: how low the return of whole episodes can be pushed through what agents see.

Certifies the chance that a smoothed policy's return reaches each threshold, and so its expectation,
against every adversary that changes observations as it goes, with full knowledge, as long as
the root of the sum of squared l2 lengths of all changes of an episode is within a budget. A team is
no different: its changes are those of all its agents together, each of which adds noise of its own
to what it sees. The noise is fresh for each observation, added last, once, and never clipped.

Source: Kumar, Levine & Feizi (2022), "Policy Smoothing for Provably Robust Reinforcement Learning",
ICLR, arXiv:2106.11420. Bounds of each threshold are exact, and all of them hold together.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from rallypoint.errors import InvalidConfig
from rallypoint.safety.certificates.smoothed_action import least_probability
from rallypoint.safety.certificates.statement import (
    Statement,
    check_alpha,
    check_budget,
    check_sigma,
)

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class SmoothedReturn:
    """What was certified of the return under noise."""

    thresholds: Floats  # (T,) rising
    least: Floats  # (T,) lower bounds of the chance to reach each, without an adversary
    lowest: float  # no return can be lower
    sigma: float
    statement: Statement

    def chance(self, budget: float) -> Floats:
        """Return lower bounds of the chance to reach each threshold under a budget: (T,)."""
        with np.errstate(divide="ignore"):
            shifted = ndtri(self.least) - check_budget(budget) / self.sigma
        chance: Floats = ndtr(shifted)
        return chance

    def expected(self, budget: float) -> float:
        """Return a lower bound of the expected return under a budget."""
        gaps = np.diff(self.thresholds, prepend=self.lowest)
        return self.lowest + float(gaps @ self.chance(budget))

    def quantile(self, share: float, budget: float) -> float | None:
        """Return what the return reaches with at least this chance under a budget.

        None where not even the first threshold is certified.
        """
        reached = np.flatnonzero(self.chance(budget) >= share)
        return float(self.thresholds[reached[-1]]) if len(reached) else None


def certified_return(
    returns: ArrayLike,
    *,
    thresholds: Sequence[float],
    lowest: float,
    sigma: float,
    alpha: float = 0.05,
) -> SmoothedReturn:
    """Certify returns of independent episodes under noise: (episodes,).

    Args:
        returns: of the smoothed policy, of one agent or of a team as a whole.
        thresholds: rising, named before the episodes were played: with those that the returns
            happen to have, the bound would not hold.
        lowest: that a return can be at all; what lies below the first threshold counts as this.
        sigma: of the noise, in the unit of the observations.
        alpha: how likely any of the bounds is wrong.

    Raises:
        InvalidConfig: no noise, no episodes, a return below the lowest, or thresholds that do not
            rise.
    """
    found = np.asarray(returns, np.float64)
    places = np.asarray(thresholds, np.float64)
    if found.ndim != 1 or not len(found) or not np.isfinite(found).all():
        raise InvalidConfig(f"returns are one finite number for each episode, got {found.shape}")
    rises = places.ndim == 1 and len(places) and (np.diff(places, prepend=lowest) > 0).all()
    if not rises or not (np.isfinite(lowest) and np.isfinite(places).all()):
        raise InvalidConfig(
            f"thresholds are finite and rise from above the lowest return, {lowest}, which is "
            "finite, too"
        )
    if found.min() < lowest:
        raise InvalidConfig(f"the lowest return is {lowest}, and an episode returned {found.min()}")
    hits = len(found) - np.searchsorted(np.sort(found), places, side="left")
    return SmoothedReturn(
        thresholds=places,
        least=least_probability(hits, len(found), check_alpha(alpha) / len(places)),
        lowest=float(lowest),
        sigma=check_sigma(sigma),
        statement=Statement(
            certifies="the return of whole episodes under noise, in expectation and by threshold",
            norm="l2 of all changed observations of an episode together",
            confidence=1 - alpha,
            samples=len(found),
        ),
    )


def episode_budget(epsilon: float, steps: int, agents: int = 1) -> float:
    """Return the budget of an episode in which each observation changes by up to epsilon in l2.

    >>> episode_budget(0.1, steps=100)
    1.0
    """
    if steps < 0 or agents < 0:
        raise InvalidConfig(f"steps and agents count from 0, got {steps} and {agents}")
    return check_budget(epsilon) * math.sqrt(steps * agents)


def largest_budget(certificate: SmoothedReturn, share: float) -> float | None:
    """Return up to which budget the expected return stays above a share of the clean bound.

    None where there is no clean bound above the lowest return.

    Raises:
        InvalidConfig: that is no share.
    """
    if not 0 < share < 1:
        raise InvalidConfig(f"a share lies in (0, 1), got {share}")
    low, clean = certificate.lowest, certificate.expected(0.0)
    if clean <= low:
        return None
    from scipy.optimize import brentq  # slow to import

    def above(budget: float) -> float:
        return certificate.expected(budget) - low - share * (clean - low)

    end = certificate.sigma
    while above(end) > 0:  # it falls to nothing, if only slowly
        end *= 2
    return float(brentq(above, 0.0, end))
