"""Networks as safety sees them: their layers, and what is broken in them."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Mask = NDArray[np.bool_]


class Layer(NamedTuple):
    """Neurons that sum up the same signals: ``activation(weights @ signals + biases)``."""

    name: str
    weights: Array  # (outputs, inputs)
    biases: Array  # (outputs,)
    activation: str  # of these neurons: "tanh", "relu", …; "identity" of those that put out


class Failed(NamedTuple):
    """Neurons that send something else; axes before the last are those of the rows, or none."""

    where: Mask  # (…, N)
    sends: Array  # (…, N) what a failed one sends
    beside: bool = False  # added to what it would send if nothing at all were broken


class Cut(NamedTuple):
    """Synapses that carry something else than the signal; axes as of ``Failed``.

    Each carries ``keeps * signal + adds``, and what it carries is weighted as it always was.
    """

    receivers: NDArray[np.int64]  # (…, f) neurons of this layer
    senders: NDArray[np.int64]  # (…, f) which of its inputs; no synapse is named twice in a row
    keeps: Array  # (…, f)
    adds: Array  # (…, f)


class Broken(NamedTuple):
    """What is broken in one layer."""

    neurons: Failed | None = None
    synapses: Cut | None = None  # into the layer
    grid: float = 0.0  # its signals are rounded to multiples of this; 0: they are not


FaultPlan = tuple[Broken, ...]  # one for each layer, the one that puts out included
