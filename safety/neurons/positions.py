"""Which of the neurons or synapses of a whole network fail, by numbers or by how much they matter.

All hidden neurons, or all synapses, are counted together, layer by layer; synapses row by row in
the weights.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rallypoint.draws import Floats, Integers
from rallypoint.networks import Layer, Mask
from rallypoint.safety.certificates.neuron_faults import gains
from rallypoint.safety.neurons.activations import activation


def among(lots: Floats, total: int) -> Integers:
    """Return different numbers below a total, as uniform lots in [0, 1) fall: (…, f) -> (…, f).

    Every subset is as likely as another.

    Source: Floyd's algorithm, in Bentley & Floyd (1987), "A Sample of Brilliance", CACM 30.

    >>> among(np.array([0.0, 0.0, 0.9]), 3).tolist()
    [0, 1, 2]
    """
    count = lots.shape[-1]
    chosen = np.full(lots.shape, -1, dtype=np.int64)
    for place, last in enumerate(range(total - count, total)):
        number = (lots[..., place] * (last + 1)).astype(np.int64)
        taken = (chosen[..., :place] == number[..., None]).any(axis=-1)
        chosen[..., place] = np.where(taken, last, number)
    return chosen


def neurons_that_matter(layers: Sequence[Layer]) -> Floats:
    """Return by how much each hidden neuron can move some output at most, if it is off by 1."""
    return np.concatenate([gain.max(axis=0) for gain in gains(layers)])


def synapses_that_matter(layers: Sequence[Layer]) -> Floats:
    """Return by how much each synapse can move some output at most, if it is off by 1."""
    behind = [gain.max(axis=0) for gain in gains(layers)]
    behind.append(np.ones(len(layers[-1].weights)))
    found = [
        activation(layer.activation).steepest * gain[:, None] * np.abs(layer.weights)
        for layer, gain in zip(layers, behind, strict=True)
    ]
    return np.concatenate([part.ravel() for part in found])


def marked(chosen: Integers, sizes: Sequence[int]) -> list[Mask]:
    """Return what is chosen (…, f) as masks (…, N) of layers of these sizes."""
    mask = np.zeros((*chosen.shape[:-1], sum(sizes)), dtype=bool)
    np.put_along_axis(mask, chosen, values=True, axis=-1)
    return np.split(mask, np.cumsum(sizes)[:-1], axis=-1)


def spread(
    chosen: Integers, values: NDArray[np.float64], sizes: Sequence[int]
) -> list[NDArray[np.float64]]:
    """Return values of what is chosen (…, f) as arrays (…, N) of layers, 0 elsewhere."""
    placed = np.zeros((*chosen.shape[:-1], sum(sizes)))
    np.put_along_axis(placed, chosen, values, axis=-1)
    return np.split(placed, np.cumsum(sizes)[:-1], axis=-1)
