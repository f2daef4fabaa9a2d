"""The average case: each neuron crashes by itself, with a small probability.

First-order approximations and no bounds: they hold where the probability is small and layers are
wide. ``neuron_faults`` has what holds always.

Source: El Mhamdi, Guerraoui, Kucharavy & Volodin (2019), "The Probabilistic Fault Tolerance of
Neural Networks in the Continuous Limit", arXiv:1902.01686, and the authors' code.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rallypoint.errors import InvalidConfig
from rallypoint.networks import Array, Layer
from rallypoint.safety.neurons.activations import activation
from rallypoint.safety.neurons.damage import signals_of
from rallypoint.safety.neurons.plans import failing

Floats = NDArray[np.float64]


class Shift(NamedTuple):
    """By how much outputs move, over which neurons crash."""

    mean: Floats  # (rows, K)
    std: Floats  # (rows, K)

    def chance_beyond(self, tolerance: float) -> Floats:
        """Return Chebyshev's limit of the chance that an output moves by more: (rows, K).

        1 where the mean alone moves so far.
        """
        left = tolerance - np.abs(self.mean)
        with np.errstate(divide="ignore", invalid="ignore"):
            chance = np.where(left > 0, np.square(self.std / left), 1.0)
        limit: Floats = np.minimum(np.where(np.isnan(chance), 0.0, chance), 1.0)
        return limit


def first_order(layers: Sequence[Layer], inputs: Array, probability: float) -> Shift:
    """Return the shift if each hidden neuron crashes with a probability, from slopes alone.

    Mean -p sum x_i df/dx_i and variance p sum (x_i df/dx_i)², over all neurons i with signals x_i.

    Raises:
        InvalidConfig: that is no probability.
    """
    _check(probability)
    signals = signals_of(layers, np.asarray(inputs, np.float64))
    end = layers[-1]
    slopes = _slopes(end, signals[-1])[:, :, None] * end.weights  # (rows, K, N)
    mean = np.zeros(signals[-1].shape)
    square = np.zeros(signals[-1].shape)
    for index in range(len(layers) - 2, -1, -1):
        effects = slopes * signals[index][:, None, :]
        mean -= effects.sum(axis=-1)
        square += np.square(effects).sum(axis=-1)
        if index:
            slopes = (slopes * _slopes(layers[index], signals[index])[:, None]) @ (
                layers[index].weights
            )
    return Shift(probability * mean, np.sqrt(probability * square))


def one_at_a_time(layers: Sequence[Layer], inputs: Array, probability: float) -> Shift:
    """Return the same from what outputs really do when one neuron crashes, one after another.

    Right to first order in the probability, however strongly one neuron matters.

    Raises:
        InvalidConfig: that is no probability.
    """
    _check(probability)
    seen = np.asarray(inputs, np.float64)
    healthy = signals_of(layers, seen)[-1]
    sizes = [len(layer.weights) for layer in layers[:-1]]
    mean, square = np.zeros(healthy.shape), np.zeros(healthy.shape)
    for place in range(sum(sizes)):
        alone = np.split(np.arange(sum(sizes)) == place, np.cumsum(sizes)[:-1])
        moved = signals_of(layers, seen, failing(alone, 0.0))[-1] - healthy
        mean += moved
        square += np.square(moved)
    return Shift(probability * mean, np.sqrt(probability * square))


def _slopes(layer: Layer, signals: Floats) -> Floats:
    return activation(layer.activation).slopes(signals)


def _check(probability: float) -> None:
    if not 0 <= probability <= 1:
        raise InvalidConfig(f"a probability lies in [0, 1], got {probability}")
