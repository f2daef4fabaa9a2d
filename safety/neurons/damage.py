"""What broken neurons and synapses make of signals, whoever computes the rest of the network."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from rallypoint.errors import InvalidConfig
from rallypoint.networks import Array, Broken, Cut, Failed, FaultPlan, Layer
from rallypoint.safety.neurons.activations import activation
from rallypoint.safety.neurons.flat import laid_flat
from rallypoint.safety.neurons.passing import Passage


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


def signals_of(
    layers: Sequence[Layer], inputs: Array, plan: FaultPlan | None = None
) -> list[Array]:
    """Return what every layer sends, the outputs last: (rows, inputs) -> (rows, N) each.

    Plain, and in the precision of the inputs: what policies compute in their own way.

    Raises:
        InvalidConfig: inputs are no rows of as many numbers as the first layer takes.
    """
    check_inputs(layers, inputs)
    nothing = (Broken(),) * len(layers)
    flat = laid_flat(plan or nothing, layers, len(inputs), inputs.dtype)
    return Passage(_Plain(layers, inputs.dtype), flat).signals(inputs)


def check_inputs(layers: Sequence[Layer], inputs: Array) -> None:
    """Refuse what are no rows of inputs for these layers: (rows, inputs).

    Raises:
        InvalidConfig: says of what shape they are, and what came.
    """
    width = layers[0].weights.shape[1]
    if inputs.ndim != 2 or inputs.shape[1] != width:
        raise InvalidConfig(
            f"inputs are rows of {width} numbers, as the layer {layers[0].name!r} takes them: "
            f"(rows, {width}), got {inputs.shape}"
        )


class _Plain:
    """Layers computed one by one, in one precision."""

    def __init__(self, layers: Sequence[Layer], dtype: np.dtype[Any]) -> None:
        self._layers = layers
        self._dtype = dtype

    def sums(self, signals: Array, index: int, *, intact: bool = False) -> Array:
        del intact  # every answer is a new array
        made = self.weighed(signals, index)
        made += self._layers[index].biases
        return made

    def weighed(self, signals: Array, index: int) -> Array:
        made: Array = signals @ self._layers[index].weights.astype(self._dtype, copy=False).T
        return made

    def bent(self, sums: Array, index: int, *, intact: bool = False) -> Array:
        del intact  # all alike
        return np.array(activation(self._layers[index].activation).values(sums))


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
