"""How cart and pole move: Newton's laws without friction, and one step of Euler's method.

Source: Florian (2007), "Correct equations for the dynamics of the cart-pole system", without the
friction; constants, and the order of operations, as in Gymnasium's CartPole-v1.
"""

import math

import numpy as np
from numpy.typing import NDArray

POSITION_LIMIT = 2.4  # m
ANGLE_LIMIT = 12 * 2 * math.pi / 360  # rad

_GRAVITY = 9.8  # m/s²
_POLE_MASS, _MASS = 0.1, 1.1  # kg; the second includes the cart's
_LENGTH = 0.5  # m, half the pole's
_FORCE = 10.0  # N
_TIME = 0.02  # s, of a step

_MOMENT = _POLE_MASS * _LENGTH


def moved(state: NDArray[np.float64], actions: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the states (E, 4) after a push (E,) to the left, 0, or right, 1."""
    position, speed, angle, turn = state.T
    force = np.where(actions == 1, _FORCE, -_FORCE)
    cosine, sine = np.cos(angle), np.sin(angle)
    pushed = (force + _MOMENT * np.square(turn) * sine) / _MASS
    turned = (_GRAVITY * sine - cosine * pushed) / (
        _LENGTH * (4.0 / 3.0 - _POLE_MASS * np.square(cosine) / _MASS)
    )
    sped = pushed - _MOMENT * turned * cosine / _MASS
    return np.stack(
        [
            position + _TIME * speed,
            speed + _TIME * sped,
            angle + _TIME * turn,
            turn + _TIME * turned,
        ],
        axis=1,
    )
