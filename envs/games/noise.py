"""Rewards that are drawn."""

import math

import numpy as np

from rallypoint.draws import Draws, Floats, Integers
from rallypoint.envs.games.game import Pay
from rallypoint.errors import InvalidConfig


def standard_normal(draws: Draws, shape: tuple[int, ...]) -> Floats:
    """Draw from N(0, 1) for every copy: (E, *shape), at most 8.3 away from 0."""
    from scipy.special import ndtri  # here: listing the games needs none of it

    numbers: Floats = ndtri(np.maximum(draws.random(shape), 2.0**-54))  # the quantile of 0 is -inf
    return numbers


def gaussian(deviation: float) -> Pay | None:
    """Add N(0, deviation²) to each agent's mean reward, independently; nothing if it is 0.

    Raises:
        InvalidConfig: the deviation is negative or not finite.
    """
    if not (math.isfinite(deviation) and deviation >= 0):
        raise InvalidConfig(f"the noise is a standard deviation >= 0, got {deviation}")
    if deviation == 0:
        return None

    def pay(means: Floats, states: Integers, joint: Integers, draws: Draws) -> Floats:
        del states, joint  # alike everywhere
        return means + deviation * standard_normal(draws, means.shape[1:])

    return pay
