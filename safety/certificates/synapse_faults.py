"""How far outputs can move while synapses lie, or while every neuron is a little imprecise.

Certifies the same as ``neuron_faults``, for every observation and whichever synapses of a layer are
broken. The budget is how many synapses into each layer are broken, those into the outputs included,
and the capacity: by how much what one carries may differ from the signal. One that is cut carries
nothing, so its capacity is the greatest signal there. Where neurons are imprecise, the budget is by
how much each signal of a layer may be off.

Source: as of ``neuron_faults``, which has both as extensions; derived here from its recursion.
"""

from collections.abc import Sequence

import numpy as np

from rallypoint.errors import InvalidConfig
from rallypoint.networks import Layer
from rallypoint.safety.certificates.neuron_faults import Floats, gains
from rallypoint.safety.neurons.activations import activation

_MOST_BITS = 52


def fep_of_synapses(layers: Sequence[Layer], faults: Sequence[int], capacity: float) -> Floats:
    """Return by how much each output can move, from the greatest weight of each layer: (K,).

    C w_(L+1) (f_(L+1) + sum over l of f_l k w_l P_l), where P_l is the product of N k w over the
    hidden layers behind l.

    Raises:
        InvalidConfig: more faults than synapses, or a capacity that is no bound.
    """
    counts = _check(layers, faults, capacity)
    errors = 0.0
    for layer, broken in zip(layers[:-1], counts, strict=False):
        slope = activation(layer.activation).steepest * float(np.abs(layer.weights).max())
        errors = slope * (broken * capacity + len(layer.weights) * errors)
    bound: Floats = _greatest(layers[-1]) * (counts[-1] * capacity + errors)
    return bound


def fep_of_synapses_by_matrices(
    layers: Sequence[Layer], faults: Sequence[int], capacity: float
) -> Floats:
    """Return the bound that knows every weight, never above the other: (K,).

    In each layer, the synapses are broken that can move the output most.

    Raises:
        InvalidConfig: as ``fep_of_synapses`` does.
    """
    counts = _check(layers, faults, capacity)
    end = np.eye(len(layers[-1].weights))
    moved = np.zeros(len(end))
    for layer, behind, broken in zip(layers, [*gains(layers), end], counts, strict=True):
        slope = activation(layer.activation).steepest
        each = slope * behind[:, :, None] * np.abs(layer.weights)  # (K, receivers, senders)
        ranked = np.sort(each.reshape(len(end), -1), axis=1)
        moved += capacity * ranked[:, ranked.shape[1] - broken :].sum(axis=1)
    bound: Floats = np.minimum(moved, fep_of_synapses(layers, faults, capacity))
    return bound


def fep_of_precision(layers: Sequence[Layer], errors: Sequence[float]) -> Floats:
    """Return by how much each output moves if hidden signals are off by so much each: (K,).

    E_l = N_l lambda_l + N_l k w_l E_(l-1), lambda_l the error of a signal of layer l.

    Raises:
        InvalidConfig: not one error >= 0 for each hidden layer.
    """
    _check_errors(layers, errors)
    total = 0.0
    for layer, error in zip(layers, errors, strict=False):
        slope = activation(layer.activation).steepest * float(np.abs(layer.weights).max())
        total = len(layer.weights) * (error + slope * total)
    bound: Floats = _greatest(layers[-1]) * total
    return bound


def fep_of_precision_by_matrices(layers: Sequence[Layer], errors: Sequence[float]) -> Floats:
    """Return the same bound from whole matrices, never above the other: (K,).

    Raises:
        InvalidConfig: not one error >= 0 for each hidden layer.
    """
    _check_errors(layers, errors)
    moved = np.zeros(len(layers[-1].weights))
    for gain, error in zip(gains(layers), errors, strict=True):
        moved += gain.sum(axis=1) * error
    return moved


def grid_of_bits(bits: int, reach: float = 1.0) -> float:
    """Return the distance of neighbouring signals in [-reach, reach] if one takes so many bits.

    Rounded, a signal is off by at most half of it, reach / 2**bits: there are 2**bits steps from
    end to end, and both ends can be told.

    >>> grid_of_bits(8)
    0.0078125

    Raises:
        InvalidConfig: no bit, more than numbers have, or signals that reach nowhere.
    """
    if not 1 <= bits <= _MOST_BITS or bits != int(bits):
        raise InvalidConfig(f"a signal takes 1 to {_MOST_BITS} bits, got {bits}")
    if not 0 < reach < np.inf:
        raise InvalidConfig(f"how far signals reach is a finite number > 0, got {reach}")
    grid: float = 2.0 * reach / 2**bits
    return grid


def bits_for(layers: Sequence[Layer], tolerance: float, reach: float = 1.0) -> int:
    """Return how many bits a hidden signal takes at least for no output to be off by more.

    By matrices; every signal lies in [-reach, reach], which 1 is for tanh and sigmoid.

    Raises:
        InvalidConfig: a tolerance of nothing, which takes all the precision there is.
    """
    hidden = len(layers) - 1
    for bits in range(1, _MOST_BITS + 1):
        errors = [grid_of_bits(bits, reach) / 2] * hidden
        if fep_of_precision_by_matrices(layers, errors).max() <= tolerance:
            return bits
    raise InvalidConfig(
        f"no {_MOST_BITS} bits bring the error down to {tolerance}; a tolerance is a number > 0"
    )


def _greatest(end: Layer) -> Floats:
    """Return how far an error of 1 of a signal moves each output at most: (K,)."""
    # In double precision, whatever the weights are: a bound must not be rounded down by much.
    most: Floats = np.abs(end.weights.astype(np.float64)).max(axis=1)
    return activation(end.activation).steepest * most


def _check(layers: Sequence[Layer], faults: Sequence[int], capacity: float) -> tuple[int, ...]:
    if not 0 <= capacity < np.inf:
        raise InvalidConfig(
            f"the capacity of synapses is a finite number >= 0, got {capacity}; of one that is cut "
            "it is the greatest signal, which greatest_signals() bounds over a box of observations"
        )
    sizes = [layer.weights.size for layer in layers]
    if len(faults) != len(sizes):
        raise InvalidConfig(
            f"faults are one number for each of {len(sizes)} layers, the one that puts out "
            f"included; got {list(faults)}"
        )
    for layer, size, broken in zip(layers, sizes, faults, strict=True):
        if not 0 <= broken <= size or broken != int(broken):
            raise InvalidConfig(
                f"{size} synapses, of which 0 to {size} can break, lead into layer "
                f"{layer.name!r}; got {broken}"
            )
    return tuple(int(broken) for broken in faults)


def _check_errors(layers: Sequence[Layer], errors: Sequence[float]) -> None:
    if len(errors) != len(layers) - 1 or not all(0 <= error < np.inf for error in errors):
        raise InvalidConfig(
            f"errors are one finite number >= 0 for each of {len(layers) - 1} hidden layers, got "
            f"{list(errors)}"
        )
