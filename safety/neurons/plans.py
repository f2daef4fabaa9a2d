"""Which neurons and synapses fail, and what they do: the plans that policies carry out."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rallypoint.networks import Array, Broken, Cut, Failed, FaultPlan, Layer, Mask


def lowest(keys: NDArray[np.float64], count: int) -> Mask:
    """Mark the lowest few in the last axis: uniformly drawn keys choose uniformly.

    >>> lowest(np.array([0.3, 0.1, 0.2]), 2).tolist()
    [False, True, True]
    """
    marked = np.zeros(keys.shape, dtype=bool)
    if count:
        chosen = np.argpartition(keys, count - 1, axis=-1)[..., :count]
        np.put_along_axis(marked, chosen, values=True, axis=-1)
    return marked


def anywhere(keys: NDArray[np.float64], count: int, sizes: Sequence[int]) -> list[Mask]:
    """Mark the lowest few among the neurons of all layers together: (…, N) for each layer."""
    return np.split(lowest(keys, count), np.cumsum(sizes)[:-1], axis=-1)


def failing(
    failed: Sequence[Mask], sends: Sequence[Array] | float, *, beside: bool = False
) -> FaultPlan:
    """Return the plan of hidden neurons that fail, (…, N) for each layer, and what they send.

    A neuron that crashes sends 0. With ``beside``, what is sent is added to what would be sent if
    nothing at all were broken: the Byzantine neuron of a certificate, whose capacity it then is.
    """
    sent = [sends] * len(failed) if isinstance(sends, float | int) else list(sends)
    neurons = [
        Failed(mask, np.broadcast_to(np.asarray(values, np.float64), mask.shape), beside)
        for mask, values in zip(failed, sent, strict=True)
    ]
    return (*(Broken(neurons=part) for part in neurons), Broken())


def cutting(
    layers: Sequence[Layer], ids: Sequence[NDArray[np.int64]], adds: float | Sequence[Array] = 0.0
) -> FaultPlan:
    """Return the plan of broken synapses, numbered (…, f) row by row in each layer's weights.

    Where nothing is added they are cut and carry 0; else each carries its signal and what is added.
    """
    given = [adds] * len(ids) if isinstance(adds, float | int) else list(adds)
    plan = []
    for layer, numbers, added in zip(layers, ids, given, strict=True):
        is_cut = isinstance(adds, float | int) and adds == 0
        receivers, senders = np.divmod(numbers, layer.weights.shape[1])
        keeps = np.full(numbers.shape, 0.0 if is_cut else 1.0)
        carried = np.broadcast_to(np.asarray(added, np.float64), numbers.shape)
        plan.append(Broken(synapses=Cut(receivers, senders, keeps, carried)))
    return tuple(plan)


def rounding(layers: Sequence[Layer], grid: float) -> FaultPlan:
    """Return the plan of hidden signals rounded to multiples of a grid."""
    return (*(Broken(grid=grid) for _ in layers[:-1]), Broken())


def across(
    layers: Sequence[Layer], chosen: NDArray[np.int64], keeps: float, adds: Array
) -> FaultPlan:
    """Return the plan of broken synapses numbered over all layers: (…, f), and (…, f) added."""
    plan, first = [], 0
    for layer in layers:
        here = (chosen >= first) & (chosen < first + layer.weights.size)
        # Those of other layers stand for the first synapse, and change nothing.
        receivers, senders = np.divmod(np.where(here, chosen - first, 0), layer.weights.shape[1])
        carried = np.where(here, keeps, 1.0), np.where(here, adds, 0.0)
        plan.append(Broken(synapses=Cut(receivers, senders, *carried)))
        first += layer.weights.size
    return tuple(plan)
