"""Rewards that are drawn."""

import math

from rallypoint.draws import Draws, Floats, Integers
from rallypoint.envs.games.game import Pay
from rallypoint.errors import InvalidConfig


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
        return means + deviation * draws.normal(means.shape[1:])

    return pay
