"""What broken neurons and synapses make of signals, whoever computes the rest of the network."""

import math
from collections.abc import Callable, Sequence

import numpy as np

from rallypoint.errors import InvalidConfig
from rallypoint.networks import Array, Broken, Cut, Failed, FaultPlan, Layer
from rallypoint.safety.neurons.activations import activation


def check_plan(layers: Sequence[Layer], plan: FaultPlan) -> FaultPlan:
    """Return a plan that fits a network.

    Raises:
        InvalidConfig: it breaks what is not there; says which layer, and what there is.
    """
    if len(plan) != len(layers):
        raise InvalidConfig(
            f"a plan says of each of {len(layers)} layers what is broken, the one that puts out "
            f"included; got {len(plan)}"
        )
    for layer, broken in zip(layers, plan, strict=True):
        if layer is layers[-1] and (broken.neurons is not None or broken.grid):
            raise InvalidConfig(
                f"layer {layer.name!r} puts out, and what it sends is the policy's word: break "
                "synapses into it, or neurons of the layers before"
            )
        if broken.neurons is not None:
            _check_neurons(layer, broken.neurons)
        if broken.synapses is not None:
            _check_synapses(layer, broken.synapses)
        if not (np.isfinite(broken.grid) and broken.grid >= 0):
            raise InvalidConfig(f"a grid is a finite number >= 0, got {broken.grid}")
    return plan


def by_rows(plan: FaultPlan, count: int, dtype: np.dtype[np.floating]) -> FaultPlan:
    """Lay a plan flat, as many rows as a network computes: (…, K) -> (count, K), padded with 0.

    What is the same in all rows stays one row.
    """

    def flat(array: Array) -> Array:
        rows = array.reshape(math.prod(array.shape[:-1]), array.shape[-1])  # also where K is 0
        if array.ndim == 1:
            return rows
        padded = np.zeros((count, rows.shape[1]), rows.dtype)
        padded[: len(rows)] = rows
        return padded

    def numbers(array: Array) -> Array:
        return flat(np.asarray(array, dtype))

    return _each(plan, flat, numbers)


def between(plan: FaultPlan, first: int, last: int) -> FaultPlan:
    """Return some rows of a plan that was laid flat."""

    def some(array: Array) -> Array:
        return array if len(array) == 1 else array[first:last]

    return _each(plan, some, some)


def asks_for_nominal(plan: FaultPlan) -> bool:
    """Tell whether a neuron sends something beside what it would send in an undamaged network."""
    return any(broken.neurons is not None and broken.neurons.beside for broken in plan)


def damage_sums(made: Array, signals: Array, weights: Array, cut: Cut | None) -> None:
    """Change sums (rows, N), in place, to what broken synapses from signals make of them."""
    if cut is None or not cut.receivers.size:
        return
    shape = (len(made), cut.receivers.shape[-1])
    senders, receivers = (np.broadcast_to(ids, shape) for ids in (cut.senders, cut.receivers))
    true = np.take_along_axis(signals, senders, axis=1)
    change = weights[receivers, senders] * ((cut.keeps - 1) * true + cut.adds)
    np.add.at(made, (np.arange(len(made))[:, None], receivers), change)


def damage_signals(made: Array, broken: Broken, nominal: Array | None) -> None:
    """Change signals (rows, N), in place, to what rounding and failed neurons make of them."""
    if broken.grid:
        made /= broken.grid
        np.rint(made, out=made)
        made *= broken.grid
    if (failed := broken.neurons) is not None:
        sent = failed.sends if nominal is None or not failed.beside else nominal + failed.sends
        np.copyto(made, sent, where=failed.where)


def signals_of(
    layers: Sequence[Layer], inputs: Array, plan: FaultPlan | None = None
) -> list[Array]:
    """Return what every layer sends, the outputs last: (rows, inputs) -> (rows, N) each.

    Plain, and in the precision of the inputs: what policies compute in their own way.
    """
    flat = None if plan is None else by_rows(plan, len(inputs), inputs.dtype)
    nominal = signals_of(layers, inputs) if flat is not None and asks_for_nominal(flat) else None
    found: list[Array] = []
    before = inputs
    for index, layer in enumerate(layers):
        weights = layer.weights.astype(inputs.dtype, copy=False)
        made = before @ weights.T + layer.biases.astype(inputs.dtype, copy=False)
        if flat is not None:
            damage_sums(made, before, weights, flat[index].synapses)
        before = np.array(activation(layer.activation).values(made))
        if flat is not None:
            damage_signals(before, flat[index], None if nominal is None else nominal[index])
        found.append(before)
    return found


def _each(
    plan: FaultPlan, change: Callable[[Array], Array], numbers: Callable[[Array], Array]
) -> FaultPlan:
    def neurons(failed: Failed) -> Failed:
        return Failed(change(failed.where), numbers(failed.sends), failed.beside)

    def synapses(cut: Cut) -> Cut:
        ends = change(cut.receivers), change(cut.senders)
        return Cut(*ends, numbers(cut.keeps), numbers(cut.adds))

    return tuple(
        Broken(
            None if broken.neurons is None else neurons(broken.neurons),
            None if broken.synapses is None else synapses(broken.synapses),
            broken.grid,
        )
        for broken in plan
    )


def _check_neurons(layer: Layer, failed: Failed) -> None:
    num_neurons = len(layer.weights)
    if failed.where.shape[-1:] != (num_neurons,) or failed.sends.shape != failed.where.shape:
        raise InvalidConfig(
            f"layer {layer.name!r} has {num_neurons} neurons, and where and sends say of each "
            f"whether it failed and what it sends; got {failed.where.shape} and "
            f"{failed.sends.shape}"
        )


def _check_synapses(layer: Layer, cut: Cut) -> None:
    outputs, inputs = layer.weights.shape
    if len({part.shape for part in cut}) > 1:
        raise InvalidConfig(
            f"synapses have as many receivers as senders, keeps and adds; got "
            f"{[part.shape for part in cut]} in layer {layer.name!r}"
        )
    for ids, most in ((cut.receivers, outputs), (cut.senders, inputs)):
        if ids.size and not 0 <= ids.min() <= ids.max() < most:
            raise InvalidConfig(
                f"synapses into layer {layer.name!r} join {inputs} signals, counted from 0, to "
                f"{outputs} neurons; got {ids.min()}..{ids.max()}"
            )
