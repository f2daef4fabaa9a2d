"""What neurons do with the sum of their signals, and how far that can go."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from rallypoint.errors import UnknownName, did_you_mean
from rallypoint.networks import Array


class Activation(NamedTuple):
    """A function of one number that never falls."""

    values: Callable[[Array], Array]
    slopes: Callable[[Array], Array]  # by what it gave: its derivative
    steepest: float  # its Lipschitz constant
    bound: float | None  # the supremum of its absolute value; None if there is none


def _sigmoid(sums: Array) -> Array:
    from scipy.special import expit  # slow to import, and seldom needed

    signals: Array = expit(sums)
    return signals


ACTIVATIONS: dict[str, Activation] = {
    "identity": Activation(lambda sums: sums, np.ones_like, 1.0, None),
    "relu": Activation(
        lambda sums: np.maximum(sums, 0), lambda signals: (signals > 0).astype(float), 1.0, None
    ),
    "sigmoid": Activation(_sigmoid, lambda signals: signals * (1 - signals), 0.25, 1.0),
    "tanh": Activation(np.tanh, lambda signals: 1 - signals * signals, 1.0, 1.0),
}


def activation(name: str) -> Activation:
    """Return the activation of that name.

    Raises:
        UnknownName: names the nearest.
    """
    if name not in ACTIVATIONS:
        raise UnknownName(f"no activation is called {name!r}{did_you_mean(name, ACTIVATIONS)}")
    return ACTIVATIONS[name]
