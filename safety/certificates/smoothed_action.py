"""Randomised smoothing: around which states the likeliest action under noise cannot be changed.

Certifies, for each observation by itself, that the action a policy takes most often under Gaussian
noise on what it sees stays the one it takes most often, wherever the observation is moved within an
l2 radius. Where too little was sampled to say so it abstains. The noise is added last and never
clipped, or the bound is void.

Source: Cohen, Rosenfeld & Kolter (2019), "Certified Adversarial Robustness via Randomized
Smoothing", ICML, arXiv:1902.02918.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv, ndtri
from scipy.stats import binomtest

from rallypoint.batch_env import Array, Group
from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig
from rallypoint.policies import Policy
from rallypoint.safety.certificates.statement import (
    Statement,
    check_alpha,
    check_budget,
    check_sigma,
    refuse_without_norm,
)

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Mask = NDArray[np.bool_]

ABSTAINS = -1
_AT_ONCE = 1 << 16  # rows that a policy is asked about together


@dataclass(frozen=True, kw_only=True)
class SmoothedAction:
    """What was certified of each observation."""

    action: Integers  # (…,) the likeliest under noise, counted from 0; ABSTAINS where it is open
    radius: Floats  # (…,) in l2, as the observation is; 0 where it abstains
    radii: Floats  # (…, K) below which no change brings each action about; 0 where it may be
    sigma: float
    statement: Statement

    def within(self, budget: float) -> Mask:
        """Tell where the action stands against every change of up to a budget in l2: (…,)."""
        stands: Mask = (self.action != ABSTAINS) & (check_budget(budget) < self.radius)
        return stands


def certified_action(
    selection: Integers, estimation: Integers, *, sigma: float, alpha: float = 0.001
) -> SmoothedAction:
    """Certify the likeliest action from how often each was taken under noise.

    Args:
        selection: (…, K) counts by which the action is chosen; some hundred will do.
        estimation: (…, K) counts of other samples, from which its probability is bounded.
        sigma: of the noise, in the unit of the observations.
        alpha: how likely the certificate of one observation is wrong.

    Raises:
        InvalidConfig: no noise, no samples, or counts of other shapes, or less than 0.
    """
    chosen, counted = np.asarray(selection), np.asarray(estimation)
    if chosen.shape != counted.shape or chosen.shape[-1] < 2 or not counted.size:
        raise InvalidConfig(
            "counts are two arrays (…, K) of equal shapes over K >= 2 actions, got "
            f"{chosen.shape} and {counted.shape}"
        )
    if min(chosen.min(), counted.min()) < 0:
        raise InvalidConfig("counts are numbers >= 0, and some are less")
    samples = counted.sum(axis=-1)
    if samples.min() < 1 or (samples != samples.flat[0]).any():
        raise InvalidConfig("every observation is estimated from equally many samples, 1 or more")
    action = chosen.argmax(axis=-1)
    hits = np.take_along_axis(counted, action[..., None], -1)[..., 0]
    least = least_probability(hits, samples, check_alpha(alpha))
    radius = check_sigma(sigma) * ndtri(np.maximum(least, 0.5))
    is_chosen = np.arange(chosen.shape[-1]) == action[..., None]
    return SmoothedAction(
        action=np.where(least > 0.5, action, ABSTAINS),
        radius=radius,
        radii=np.where(is_chosen, 0.0, radius[..., None]),
        sigma=float(sigma),
        statement=Statement(
            certifies="the likeliest action under noise, observation by observation",
            norm="l2 of the observation",
            confidence=1 - alpha,
            samples=int(samples.flat[0]),
        ),
    )


def predicted_action(counts: Integers, *, alpha: float = 0.001) -> Integers:
    """Return the likeliest action under noise, or ABSTAINS where the two likeliest may tie: (…,).

    Source: as above, the test of Hung & Fithian (2019).
    """
    check_alpha(alpha)
    order = np.argsort(-counts, axis=-1, kind="stable")
    first, second = (
        np.take_along_axis(counts, order[..., place : place + 1], -1)[..., 0] for place in (0, 1)
    )
    found = np.full(first.shape, ABSTAINS, dtype=np.int64)
    for place in np.ndindex(first.shape):
        n = int(first[place] + second[place])
        if n and binomtest(int(first[place]), n).pvalue <= alpha:
            found[place] = order[(*place, 0)]
    return found


def action_counts(
    policy: Policy, group: Group, observations: Array, *, sigma: float, samples: int, seed: int
) -> Integers:
    """Count how often each action is taken under noise: (E, n, …) -> (E, n, K).

    Noise is drawn for every observation and sample anew, and never clipped. Two calls with one seed
    draw the same: select by one seed and estimate by another.

    Raises:
        InvalidConfig: no noise, no samples, observations that have no norm, or actions that are
            no few.
    """
    refuse_without_norm(group)
    check_sigma(sigma)
    space = group.action_space
    if not hasattr(space, "n") or not hasattr(space, "start"):
        raise InvalidConfig(
            f"a likeliest action is one of few, and group {group.name!r} does {space}; bound the "
            "return of whole episodes instead (smoothed_return)"
        )
    if samples < 1:
        raise InvalidConfig(f"samples is a number >= 1, got {samples}")
    num_copies, num_agents = observations.shape[:2]
    at_once = max(1, min(samples, _AT_ONCE // max(1, num_copies * num_agents)))
    counts = np.zeros((num_copies, num_agents, int(space.n)), dtype=np.int64)
    draws = Draws(seed, "certificates/smoothed-action", range(num_copies * at_once))
    for first in range(0, samples, at_once):
        shown = np.repeat(observations, at_once, axis=0)  # (E * at_once, n, …)
        noise = sigma * draws.normal(observations.shape[1:])
        seen = (shown + noise).astype(observations.dtype)
        actions = policy.act({group.name: seen}, draws)[group.name] - int(space.start)
        some = actions.reshape(num_copies, at_once, num_agents)[:, : samples - first]
        counts += (some[..., None] == np.arange(int(space.n))).sum(axis=1)
    return counts


def least_probability(hits: ArrayLike, samples: ArrayLike, alpha: ArrayLike) -> Floats:
    """Return Clopper and Pearson's exact lower bound, at confidence 1 - alpha, of a probability.

    >>> float(least_probability(10, 10, 0.05).round(4))  # 0.05 ** (1 / 10)
    0.7411
    """
    hits, samples = np.asarray(hits, np.float64), np.asarray(samples, np.float64)
    low: Floats = np.where(
        hits > 0, betaincinv(np.maximum(hits, 1), samples - hits + 1, np.asarray(alpha)), 0.0
    )
    return low
