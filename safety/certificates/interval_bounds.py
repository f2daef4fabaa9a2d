"""Interval bounds: how far the signals of a small network can go while what it sees stays in a box.

Certifies, for every observation in the box and without any sampling, that each signal lies between
its bounds. The boxes of deep layers are loose, as each layer forgets that its signals go together.

Source: Gowal et al. (2018), "On the Effectiveness of Interval Bound Propagation for Training
Verifiably Robust Models", arXiv:1810.12715.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rallypoint.errors import InvalidConfig
from rallypoint.networks import Array, Layer
from rallypoint.safety.neurons.activations import activation
from rallypoint.safety.neurons.damage import signals_of

Floats = NDArray[np.float64]


class Interval(NamedTuple):
    """Between which numbers signals lie, ends included."""

    low: Floats  # (…, N)
    high: Floats


def interval_bounds(layers: Sequence[Layer], low: Array, high: Array) -> list[Interval]:
    """Return bounds of what every layer sends, the outputs last: (…, inputs) -> (…, N) each.

    Raises:
        InvalidConfig: the box is none, or has no end; says where. Or it is none of what the first
            layer takes.
    """
    low, high = np.asarray(low, np.float64), np.asarray(high, np.float64)
    _check_box(low, high)
    if layers and low.shape[-1:] != (width := layers[0].weights.shape[1:]):
        raise InvalidConfig(
            f"the ends of a box have an entry for each of {width[0]} inputs, as the layer "
            f"{layers[0].name!r} takes them, got {low.shape}"
        )
    found: list[Interval] = []
    for layer in layers:
        weights = layer.weights.astype(np.float64)
        middle, reach = (low + high) / 2, (high - low) / 2
        sums = middle @ weights.T + layer.biases.astype(np.float64)
        spread = reach @ np.abs(weights).T
        bends = activation(layer.activation).values  # which never falls: ends go to ends
        low, high = np.asarray(bends(sums - spread)), np.asarray(bends(sums + spread))
        found.append(Interval(low, high))
    return found


def keeps_action(layers: Sequence[Layer], observations: Array, epsilon: float) -> NDArray[np.bool_]:
    """Tell where no change of up to epsilon in any entry moves the likeliest action: (E,).

    The budget is l_inf around each observation (E, inputs), the policy greedy over the outputs.
    Differences of outputs are bounded as one number each, which is tighter than two. What is nearer
    to a tie than rounding may go, where a network computes in the type of its weights, is not
    kept. False says only that it was not shown.

    Raises:
        InvalidConfig: epsilon is negative or not finite.
    """
    if not 0 <= epsilon < np.inf:
        raise InvalidConfig(f"epsilon is a finite budget >= 0, got {epsilon}")
    seen = np.asarray(observations, np.float64)
    *hidden, end = layers
    box = Interval(seen - epsilon, seen + epsilon)
    inner = [box, *interval_bounds(hidden, *box)]
    low, high = inner[-1]
    middle, reach = (low + high) / 2, (high - low) / 2
    weights, biases = end.weights.astype(np.float64), end.biases.astype(np.float64)
    best = signals_of(layers, seen)[-1].argmax(axis=1)
    rows = weights[best][:, None] - weights  # (E, K, N)
    least = np.einsum("ekn,en->ek", rows, middle) + biases[best][:, None] - biases
    least -= np.einsum("ekn,en->ek", np.abs(rows), reach)
    off = rounding(layers, inner)
    least -= off + np.take_along_axis(off, best[:, None], axis=1)
    least[np.arange(len(seen)), best] = np.inf
    kept: NDArray[np.bool_] = least.min(axis=1) > 0
    return kept


def greatest_signals(
    layers: Sequence[Layer], box: tuple[Array, Array] | None = None
) -> list[Floats]:
    """Return how large each hidden neuron's signal can be, in absolute value: (N,) each.

    Args:
        layers: of the network.
        box: least and greatest observation, (inputs,) each. Not needed where the activations
            themselves are bounded, as tanh and sigmoid are.

    Raises:
        InvalidConfig: there is no bound, such as with relu and without a box.
    """
    hidden = layers[:-1]
    if box is not None:
        return [
            np.maximum(np.abs(found.low), np.abs(found.high))
            for found in interval_bounds(hidden, *box)
        ]
    for layer in hidden:
        if activation(layer.activation).bound is None:
            raise InvalidConfig(
                f"neurons of layer {layer.name!r} are {layer.activation}, which has no bound of "
                "its own; give the box of observations, low and high, that they are to stay in"
            )
    return [np.full(len(x.weights), activation(x.activation).bound, np.float64) for x in hidden]


def rounding(layers: Sequence[Layer], inputs: Sequence[Interval]) -> Floats:
    """Return how far outputs may be from what they are without rounding: (E, K).

    A sum of N products is off by less than N + 1 roundings of the sum of their sizes, in whichever
    order it is taken; there is room for twice as much, and for activations, none of which is
    steeper than 1.

    Source: Higham (2002), "Accuracy and Stability of Numerical Algorithms", section 3.1.
    """
    off = np.zeros_like(inputs[0].low)
    for layer, (low, high) in zip(layers, inputs, strict=True):
        sizes = np.abs(layer.weights.astype(np.float64)).T
        unit = unit_of(layer)
        summed = np.maximum(np.abs(low), np.abs(high)) @ sizes + np.abs(layer.biases)
        off = off @ sizes + unit * ((len(sizes) + 1) * summed + 4)
    return off


def unit_of(layer: Layer) -> float:
    """Return a rounding of the numbers in which a network computes that has this layer."""
    return float(np.finfo(np.result_type(layer.weights, np.float16)).eps)


def _check_box(low: Floats, high: Floats) -> None:
    if low.shape != high.shape or not (low <= high).all():
        raise InvalidConfig("a box has a low and a high end of one shape, low <= high everywhere")
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        where = np.argwhere(~np.isfinite(low + high))[0].tolist()
        raise InvalidConfig(
            f"a box of observations has an end, and entry {where} goes from {low[tuple(where)]} to "
            f"{high[tuple(where)]}; say within which bounds it stays, such as those that were seen"
        )
