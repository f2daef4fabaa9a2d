"""From rewards to what a step was worth: returns to go, and generalised advantages."""

import numpy as np

from rallypoint.agents.gradient.fragment import Fragment
from rallypoint.agents.gradient.perceptron import Floats


def returns_to_go(fragment: Fragment, gamma: float) -> Floats:
    """Return the discounted rewards from each row to its episode's end, or the fragment's.

    Rows are (T, E, n); those in which nobody acts have 0.
    """
    going_on = gamma * ~(fragment.terminated | fragment.truncated) * fragment.acting
    rewards = np.where(fragment.acting, fragment.rewards, 0).astype(np.float64)
    worth = np.empty_like(rewards)
    after = np.zeros(rewards.shape[1:])
    for t in range(len(rewards) - 1, -1, -1):
        after = rewards[t] + going_on[t] * after
        worth[t] = after
    return worth.astype(np.float32)


def advantages(
    fragment: Fragment,
    values: Floats,
    cut_values: Floats,
    last_values: Floats,
    *,
    gamma: float,
    lam: float,
) -> Floats:
    """Return generalised advantages: (T, E, n).

    A truncated row goes on at the value of what was seen after it, a terminated one at 0.

    Args:
        fragment: what was played.
        values: (T, E, n) of what was seen before each step.
        cut_values: (c,) of what was seen after each truncated row.
        last_values: (E, n) of what was seen after the last step.
        gamma: discount.
        lam: how far ahead advantages look, 0 for one step and 1 for all.

    Source: Schulman, Moritz, Levine, Jordan & Abbeel (2016), arXiv:1506.02438.
    """
    ends = fragment.terminated | fragment.truncated
    following = np.concatenate([values[1:], last_values[None]])
    following[ends] = 0
    following[tuple(fragment.cut.T)] = cut_values
    gains: Floats = (fragment.rewards + gamma * following - values).astype(np.float32)
    going_on = (gamma * lam * (~ends & fragment.acting)).astype(np.float32)
    found: Floats = np.empty_like(gains)
    after = np.zeros(gains.shape[1:], dtype=np.float32)
    for t in range(len(gains) - 1, -1, -1):
        after = fragment.acting[t] * (gains[t] + going_on[t] * after)
        found[t] = after
    return found
