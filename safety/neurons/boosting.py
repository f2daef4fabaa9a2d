"""Boosting: layers that do not wait for their slowest neurons.

A network that bears f crashed neurons in a layer need not wait for the f slowest there: the next
layer fires with N - f signals, and takes the missing ones for 0. What it puts out is off by at most
Fep of crashes.

Source: El Mhamdi & Guerraoui (2017), "When Neurons Fail", IPDPS, arXiv:1706.08884.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rallypoint.errors import InvalidConfig
from rallypoint.networks import Array, Layer
from rallypoint.safety.certificates.neuron_faults import check_faults
from rallypoint.safety.neurons.damage import signals_of
from rallypoint.safety.neurons.plans import failing, lowest


class Boosted(NamedTuple):
    """What a network puts out that does not wait, and when."""

    outputs: Array  # (rows, K)
    times: NDArray[np.float64]  # (rows,) until the last hidden layer has been heard
    waiting: NDArray[np.float64]  # (rows,) the same, if it had waited for everybody


def boosted(
    layers: Sequence[Layer],
    inputs: Array,
    latencies: Sequence[NDArray[np.float64]],
    faults: Sequence[int],
) -> Boosted:
    """Compute with the slowest few of each hidden layer left out.

    Args:
        layers: of the network.
        inputs: (rows, inputs).
        latencies: (rows, N) for each hidden layer: how long each neuron takes, >= 0.
        faults: how many of each hidden layer are not waited for.

    Raises:
        InvalidConfig: more are left out than there are, or latencies that are none of theirs.
    """
    _check(layers, inputs, latencies)
    missing, times, waiting = [], np.zeros(len(inputs)), np.zeros(len(inputs))
    for taken, slow in zip(latencies, check_faults(layers, faults), strict=True):
        missing.append(lowest(-taken, slow))
        times += np.where(missing[-1], 0, taken).max(axis=1)
        waiting += taken.max(axis=1)
    outputs = signals_of(layers, inputs, failing(missing, 0.0))[-1]
    return Boosted(outputs, times, waiting)


def _check(
    layers: Sequence[Layer], inputs: Array, latencies: Sequence[NDArray[np.float64]]
) -> None:
    wanted = [(len(inputs), len(layer.weights)) for layer in layers[:-1]]
    came = [np.shape(taken) for taken in latencies]
    if came != wanted:
        raise InvalidConfig(
            f"latencies are one for each row and neuron of each hidden layer, {wanted}, got {came}"
        )
    if not all((np.asarray(taken) >= 0).all() for taken in latencies):  # NaN is none
        raise InvalidConfig("latencies are numbers >= 0, and some are not")
