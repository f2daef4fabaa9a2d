"""Smoothed values: around which states the best action by smoothed values cannot be changed.

Certifies, for each observation by itself, that the action with the greatest value, averaged over
Gaussian noise on what is seen, stays the greatest wherever the observation is moved within an l2
radius. Values are cut to a range that must be known beforehand; a looser range makes the radius
smaller, never wrong. Where averages are too near each other it abstains.

Source: Wu, Li, Huang, Vorobeychik, Zhao & Li (2022), "CROP: Certifying Robust Policies for
Reinforcement Learning through Functional Smoothing", ICLR (local action, LoAct). Averages are
bounded for all actions together here, since the best is chosen by the same samples.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from rallypoint.batch_env import Array, Group
from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig
from rallypoint.policies import Differentiable
from rallypoint.safety.certificates.smoothed_action import ABSTAINS
from rallypoint.safety.certificates.statement import (
    Statement,
    check_alpha,
    check_sigma,
    refuse_without_norm,
)

Floats = NDArray[np.float64]

_AT_ONCE = 1 << 16  # rows that a network is asked about together


@dataclass(frozen=True, kw_only=True)
class SmoothedValues:
    """What was certified of each observation."""

    action: NDArray[np.int64]  # (…,) the best, counted from 0; ABSTAINS where it is open
    radius: Floats  # (…,) in l2; 0 where it abstains
    radii: Floats  # (…, K) below which no change makes another action the best; of the best, 0
    sigma: float
    statement: Statement


def certified_values(
    averages: Floats, *, samples: int, low: float, high: float, sigma: float, alpha: float = 0.05
) -> SmoothedValues:
    """Certify the best action from averages of cut values under noise.

    Args:
        averages: (…, K) over samples, of values cut to [low, high].
        samples: how many.
        low: end of the range of values.
        high: the other end.
        sigma: of the noise, in the unit of the observations.
        alpha: how likely the certificate of one observation is wrong.

    Raises:
        InvalidConfig: no noise, no samples, or averages outside the range.
    """
    check_range(low, high)
    check_sigma(sigma)
    num_actions = averages.shape[-1]
    if samples < 1 or num_actions < 2:
        raise InvalidConfig(
            f"two actions or more are compared over one sample or more, got {num_actions} and "
            f"{samples}"
        )
    if averages.min() < low or averages.max() > high:
        raise InvalidConfig(f"averages are of values cut to [{low}, {high}]")
    off = np.sqrt(np.log(2 * num_actions / check_alpha(alpha)) / (2 * samples))  # Hoeffding
    shares = (averages - low) / (high - low)
    best = shares.argmax(axis=-1)[..., None]
    first = ndtri(np.maximum(np.take_along_axis(shares, best, -1) - off, 0.0))
    others = ndtri(np.minimum(shares + off, 1.0))
    with np.errstate(invalid="ignore"):  # inf - inf, where nothing can be said
        radii = np.nan_to_num(sigma / 2 * (first - others), nan=0.0, neginf=0.0)
    is_best = np.arange(num_actions) == best
    radii = np.where(is_best, 0.0, np.maximum(radii, 0.0))
    radius = np.where(is_best, np.inf, radii).min(axis=-1)
    return SmoothedValues(
        action=np.where(radius > 0, best[..., 0], ABSTAINS),
        radius=radius,
        radii=radii,
        sigma=float(sigma),
        statement=Statement(
            certifies="the best action by smoothed values, observation by observation",
            norm="l2 of the observation",
            confidence=1 - alpha,
            samples=samples,
        ),
    )


def average_values(
    network: Differentiable,
    group: Group,
    observations: Array,
    *,
    sigma: float,
    samples: int,
    low: float,
    high: float,
    seed: int,
) -> Floats:
    """Average what a network puts out under noise, cut to a range: (E, n, …) -> (E, n, K).

    Raises:
        InvalidConfig: no noise, no samples, no range, or observations that have no norm.
    """
    refuse_without_norm(group)
    check_range(low, high)
    check_sigma(sigma)
    if samples < 1:
        raise InvalidConfig(f"samples is a number >= 1, got {samples}")
    num_copies, num_agents = observations.shape[:2]
    at_once = max(1, min(samples, _AT_ONCE // max(1, num_copies * num_agents)))
    draws = Draws(seed, "certificates/smoothed-values", range(num_copies * at_once))
    total: Floats | float = 0.0
    for first in range(0, samples, at_once):
        noise = sigma * draws.normal(observations.shape[1:])
        seen = (np.repeat(observations, at_once, axis=0) + noise).astype(observations.dtype)
        values = np.clip(network.outputs({group.name: seen}), low, high)
        some = values.reshape(num_copies, at_once, num_agents, -1)[:, : samples - first]
        total = total + some.sum(axis=1, dtype=np.float64)
    # The last bits of a sum of values that are all the same end may lie beyond it.
    return np.clip(np.asarray(total) / samples, low, high)


def check_range(low: float, high: float) -> None:
    """Refuse what is no range.

    Raises:
        InvalidConfig: values have no such ends.
    """
    if not -np.inf < low < high < np.inf:
        raise InvalidConfig(f"values are cut to a range, low < high, got [{low}, {high}]")
