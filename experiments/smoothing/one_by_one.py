"""Actions certified one by one, in states that a smoothed policy visits."""

from typing import NamedTuple

import numpy as np

from rallypoint.agents.episodes import play
from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.batch_env import Array
from rallypoint.draws import Draws, Floats, stream
from rallypoint.experiments.smoothing.config import SmoothingConfig
from rallypoint.experiments.smoothing.policies import poles
from rallypoint.safety.certificates.smoothed_action import (
    ABSTAINS,
    action_counts,
    certified_action,
    predicted_action,
)
from rallypoint.safety.certificates.value_smoothing import average_values, certified_values
from rallypoint.safety.smoothing import SmoothedPolicy

ALPHA = 0.001  # how likely the certificate of one action is wrong
NEAR = 0.05  # radius within which a share of actions is certified
_CHOSEN = 200  # samples by which the action is chosen
_TRIED = 6  # directions of lies on every state


class OneByOne(NamedTuple):
    """What was certified of the actions in visited states."""

    radii: Floats  # (states,) by counts of actions
    radii_of_values: Floats  # (states,) by averages of values
    changed: int  # certified states in which a lie within the radius surely changed the action


def visited(policy: GradientPolicy, sigma: float, states: int, seed: int) -> Array:
    """Return states that a smoothed policy comes to: (states, 1, entries)."""
    world = poles(16)
    draws = Draws(seed, "smoothing/visited", world.copies)
    seen = [
        moment.observations["agents"][moment.in_first_episode]
        for moment in play(world, SmoothedPolicy(policy, sigma), draws, seed=seed)
    ]
    every = np.concatenate(seen)
    return every[stream(seed, "smoothing/states").choice(len(every), states)]


def certified(
    config: SmoothingConfig, policy: GradientPolicy, states: Array, sigma: float, seed: int
) -> OneByOne:
    """Certify the action of each state (states, 1, entries), and try to prove it wrong."""
    group = policy.group
    chosen = action_counts(policy, group, states, samples=_CHOSEN, sigma=sigma, seed=seed)
    counted = action_counts(
        policy, group, states, samples=config.samples, sigma=sigma, seed=seed + 1
    )
    found = certified_action(chosen, counted, sigma=sigma, alpha=ALPHA)
    averages = average_values(
        _Odds(policy),
        group,
        states,
        sigma=sigma,
        samples=config.samples,
        low=0.0,
        high=1.0,
        seed=seed,
    )
    values = certified_values(
        averages, samples=config.samples, low=0.0, high=1.0, sigma=sigma, alpha=ALPHA
    )
    changed = 0
    rng = stream(seed, "smoothing/lies")
    for _ in range(_TRIED):
        directions = rng.standard_normal(states.shape)
        directions /= np.linalg.norm(directions, axis=-1, keepdims=True)
        # Just within the radius: it is certified as an open ball.
        lies = (states + 0.99 * found.radius[..., None] * directions).astype(states.dtype)
        counts = action_counts(policy, group, lies, samples=_CHOSEN, sigma=sigma, seed=seed + 2)
        seen = predicted_action(counts, alpha=ALPHA)
        stood = found.action != ABSTAINS
        changed += int((stood & (seen != ABSTAINS) & (seen != found.action)).sum())
    return OneByOne(found.radius[:, 0], values.radius[:, 0], changed)


class _Odds:
    """How likely a policy takes each action: values in [0, 1], known beforehand."""

    def __init__(self, policy: GradientPolicy) -> None:
        self._policy = policy
        self.value_and_gradient = policy.value_and_gradient

    def outputs(self, observations: dict[str, Array]) -> Array:
        """Return probabilities: (E, n, K)."""
        logits = self._policy.outputs(observations).astype(np.float64)
        odds = np.exp(logits - logits.max(axis=-1, keepdims=True))
        shares: Array = odds / odds.sum(axis=-1, keepdims=True)
        return shares
