"""How far outputs can move while some hidden neurons fail, whichever they are.

Certifies, for every observation and whichever neurons of a layer fail, that each output moves by at
most its bound. The budget is how many neurons of each hidden layer fail, and the capacity: by how
much what a failed one sends may differ from what it should. Nothing is sampled. A neuron that
crashes sends 0, so its capacity is its greatest signal (``greatest_signals``).

Source: El Mhamdi & Guerraoui (2017), "When Neurons Fail", IPDPS, arXiv:1706.08884, whose forward
error propagation (Fep) ``fep`` is; in the form with whole matrices the bound is our own.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rallypoint.errors import InvalidConfig
from rallypoint.networks import Array, Layer
from rallypoint.safety.neurons.activations import activation

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Capacity = float | Sequence[ArrayLike]  # of all neurons, or by hidden layer, of all or each


class Split(NamedTuple):
    """How a total of failed neurons is spread over the hidden layers at worst."""

    faults: tuple[int, ...]
    bound: float  # of the output that it moves most


def fep(layers: Sequence[Layer], faults: Sequence[int], capacity: Capacity) -> Floats:
    """Return Fep of each output, as published: (K,).

    E_l = f_l C + (N_l - f_l) k w_l E_(l-1) bounds by how much all signals of layer l differ
    together, and Fep = w E_L; w is the greatest absolute weight into a layer, here of the output's
    own row in the last, k the steepest slope of the activation.

    Raises:
        InvalidConfig: more faults than neurons, or a capacity that is no bound.
    """
    errors = 0.0
    sent = capacities(layers, capacity)
    for layer, failed, most in zip(layers, check_faults(layers, faults), sent, strict=False):
        passed = activation(layer.activation).steepest * np.abs(layer.weights).max() * errors
        errors = failed * most.max() + (len(layer.weights) - failed) * passed
    bound: Floats = _ends(layers) * np.abs(layers[-1].weights).max(axis=1) * errors
    return bound


def fep_by_matrices(layers: Sequence[Layer], faults: Sequence[int], capacity: Capacity) -> Floats:
    """Return a bound of each output that knows every weight, never above ``fep``: (K,).

    A failed neuron moves an output by at most its capacity times its gain, the sum over all ways
    to the output of the products of absolute weights and slopes; in each layer, those that can
    move the output most fail.

    Raises:
        InvalidConfig: as ``fep`` does.
    """
    sent = capacities(layers, capacity)
    moved = np.zeros(len(layers[-1].weights))
    for gain, failed, most in zip(gains(layers), check_faults(layers, faults), sent, strict=True):
        moved += np.sort(gain * most, axis=1)[:, gain.shape[1] - failed :].sum(axis=1)
    return np.minimum(moved, fep(layers, faults, capacity))


def fep_at(layers: Sequence[Layer], failed: Sequence[Mask], capacity: Capacity) -> Floats:
    """Return the bound of each output where it is known which neurons failed: (…, K).

    Args:
        layers: of the network.
        failed: one mask (…, N) for each hidden layer.
        capacity: of the failed.

    Raises:
        InvalidConfig: masks of other layers, or a capacity that is no bound.
    """
    sizes = [len(layer.weights) for layer in layers[:-1]]
    if [mask.shape[-1] for mask in failed] != sizes:
        raise InvalidConfig(
            f"of each hidden layer, {sizes} neurons, a mask says which failed; got "
            f"{[mask.shape for mask in failed]}"
        )
    errors: Floats = np.zeros(layers[0].weights.shape[1])
    for layer, mask, most in zip(layers, failed, capacities(layers, capacity), strict=False):
        passed = activation(layer.activation).steepest * (errors @ np.abs(layer.weights).T)
        errors = np.where(mask, most, passed)
    bound: Floats = _ends(layers) * (errors @ np.abs(layers[-1].weights).T)
    return bound


def worst_split(layers: Sequence[Layer], total: int, capacity: Capacity) -> Split:
    """Return how up to so many faults are spread so that ``fep`` of some output is greatest.

    Exact, in O(layers total²): more error in one layer is never less in the next. Fewer faults can
    be worse than more, as a failed neuron also passes nothing on.

    Raises:
        InvalidConfig: more faults than neurons.
    """
    sizes = [len(layer.weights) for layer in layers[:-1]]
    if not 0 <= total <= sum(sizes) or total != int(total):
        raise InvalidConfig(
            f"{sum(sizes)} hidden neurons, {sizes} by layer, can fail, and as few as none; got "
            f"{total}"
        )
    errors, faults = max(_worst_errors(layers, int(total), capacity).values())
    return Split(faults, float(errors * _greatest_end(layers)))


def worst_by_matrices(layers: Sequence[Layer], total: int, capacity: Capacity) -> Floats:
    """Return the bound of each output for up to so many faults anywhere, by matrices: (K,).

    Raises:
        InvalidConfig: more faults than neurons.
    """
    most = worst_split(layers, total, capacity).bound
    pairs = zip(gains(layers), capacities(layers, capacity), strict=True)
    moved = np.sort(np.concatenate([gain * sent for gain, sent in pairs], axis=1), axis=1)
    bound: Floats = np.minimum(moved[:, moved.shape[1] - total :].sum(axis=1), most)
    return bound


def most_faults(layers: Sequence[Layer], tolerance: float, capacity: Capacity) -> int:
    """Return how many neurons may fail, whichever, with no output off by more than a tolerance.

    By ``fep``; a target that the healthy network misses by eps' leaves eps - eps' of eps.
    """
    if not tolerance >= 0:
        raise InvalidConfig(f"a tolerance is a number >= 0, got {tolerance}")
    count = sum(len(layer.weights) for layer in layers[:-1])
    found = _worst_errors(layers, count, capacity)
    end = _greatest_end(layers)
    for total in range(count + 1):
        if not found[total][0] * end <= tolerance:
            return total - 1
    return count


def unmoved(outputs: Array, bounds: Floats) -> Mask:
    """Tell for which outputs (…, K) the greatest stays the greatest within these bounds: (…,).

    What one output loses and another gains counts together. Where the network computes in single
    precision, margins below its rounding are no margins: leave 1e-5 of the outputs' size.
    """
    best = outputs.argmax(axis=-1)[..., None]
    bounds = np.broadcast_to(bounds, outputs.shape)
    margins = np.take_along_axis(outputs, best, -1) - np.take_along_axis(bounds, best, -1)
    others = np.where(np.arange(outputs.shape[-1]) == best, -np.inf, outputs + bounds)
    kept: Mask = margins[..., 0] > others.max(axis=-1)
    return kept


def gains(layers: Sequence[Layer]) -> list[Floats]:
    """Return how much an error of 1 in each hidden neuron can move each output: (K, N) each."""
    gain: Floats = np.abs(layers[-1].weights.astype(np.float64)) * _ends(layers)
    found = [gain]
    for layer in layers[-2:0:-1]:
        gain = activation(layer.activation).steepest * (gain @ np.abs(layer.weights))
        found.append(gain)
    return found[::-1]


def capacities(layers: Sequence[Layer], capacity: Capacity) -> list[Floats]:
    """Return the capacity of every hidden neuron: (N,) each.

    Raises:
        InvalidConfig: it is no bound, or speaks of other layers.
    """
    sizes = [len(layer.weights) for layer in layers[:-1]]
    if not sizes:
        raise InvalidConfig("a network without hidden layers has no neurons that could fail")
    # One number may be NumPy's; several may be arrays of several sizes.
    told: Any = capacity
    is_one = not isinstance(told, list | tuple) and np.ndim(told) == 0
    given: list[ArrayLike] = [told] * len(sizes) if is_one else list(told)
    if len(given) != len(sizes):
        raise InvalidConfig(
            f"a capacity is one number, or one entry for each of {len(sizes)} "
            f"hidden layers, got {len(given)}"
        )
    found = []
    for size, sent in zip(sizes, given, strict=True):
        most = np.asarray(sent, np.float64)
        if not ((most >= 0) & np.isfinite(most)).all() or most.shape not in ((), (size,)):
            raise InvalidConfig(
                f"the capacity of {size} neurons is a finite number >= 0, or one for each, got "
                f"{sent!r}; where activations are not bounded, greatest_signals() bounds what "
                "neurons send over a box of observations"
            )
        found.append(np.broadcast_to(most, size))
    return found


def check_faults(layers: Sequence[Layer], faults: Sequence[int]) -> tuple[int, ...]:
    """Return how many neurons fail in each hidden layer.

    Raises:
        InvalidConfig: more than there are, or fewer than none.
    """
    sizes = [len(layer.weights) for layer in layers[:-1]]
    if len(faults) != len(sizes):
        raise InvalidConfig(
            f"faults are one number for each of {len(sizes)} hidden layers, got {list(faults)}"
        )
    for layer, size, failed in zip(layers, sizes, faults, strict=False):
        if not 0 <= failed <= size or failed != int(failed):
            raise InvalidConfig(
                f"layer {layer.name!r} has {size} neurons, of which 0 to {size} can fail, got "
                f"{failed}"
            )
    return tuple(int(failed) for failed in faults)


def _worst_errors(
    layers: Sequence[Layer], total: int, capacity: Capacity
) -> dict[int, tuple[float, tuple[int, ...]]]:
    """Return the errors of the last hidden layer that so many faults make at worst, and the split.

    For every number of faults up to the total.
    """
    best: dict[int, tuple[float, tuple[int, ...]]] = {0: (0.0, ())}  # spent -> errors, split
    for layer, most in zip(layers, capacities(layers, capacity), strict=False):
        size, each = len(layer.weights), float(most.max())
        # In double precision, as in fep: a count times a single one would round the bound down.
        slope = activation(layer.activation).steepest * float(np.abs(layer.weights).max())
        reached: dict[int, tuple[float, tuple[int, ...]]] = {}
        for spent, (errors, split) in best.items():
            for failed in range(min(size, total - spent) + 1):
                made = failed * each + (size - failed) * slope * errors
                if made >= reached.get(spent + failed, (-1.0, ()))[0]:
                    reached[spent + failed] = made, (*split, failed)
        best = reached
    return best


def _greatest_end(layers: Sequence[Layer]) -> float:
    return _ends(layers) * float(np.abs(layers[-1].weights).max())


def _ends(layers: Sequence[Layer]) -> float:
    return activation(layers[-1].activation).steepest
