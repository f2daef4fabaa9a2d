"""What broken neurons and synapses make of signals, whoever computes the rest of the network."""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rallypoint.errors import InvalidConfig
from rallypoint.networks import Array, Broken, Cut, Failed, FaultPlan, Layer
from rallypoint.safety.neurons.activations import activation

Integers = NDArray[np.int64]

_OF_SYNAPSES = ("receivers", "senders", "weights", "keeps", "adds")


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


class Flat(NamedTuple):
    """What is broken in one layer, one entry for each place; rows are counted over a batch."""

    rows: Integers  # (m,) ascending, of signals that failed
    columns: Integers  # (m,) which neuron it was
    sends: Array  # (m,)
    beside: bool
    cut_rows: Integers  # (c,) ascending, of synapses that are broken
    receivers: Integers  # (c,)
    senders: Integers  # (c,)
    weights: Array  # (c,)
    keeps: Array  # (c,)
    adds: Array  # (c,)
    grid: float


def laid_flat(
    plan: FaultPlan, layers: Sequence[Layer], count: int, dtype: np.dtype[Any]
) -> tuple[Flat, ...]:
    """Lay a plan that fits a network flat, for a batch of so many rows.

    A plan with rows of its own says nothing of rows behind them, which only fill a batch up.
    """
    return tuple(
        _laid_flat(broken, layer, count, dtype) for broken, layer in zip(plan, layers, strict=True)
    )


def between(flat: Sequence[Flat], first: int, last: int) -> tuple[Flat, ...]:
    """Return some rows of a plan that was laid flat."""

    def some(part: Flat) -> Flat:
        failed, cut = (
            slice(*np.searchsorted(rows, (first, last))) for rows in (part.rows, part.cut_rows)
        )
        return part._replace(
            rows=part.rows[failed] - first,
            cut_rows=part.cut_rows[cut] - first,
            **{name: getattr(part, name)[failed] for name in ("columns", "sends")},
            **{name: getattr(part, name)[cut] for name in _OF_SYNAPSES},
        )

    return tuple(some(part) for part in flat)


class Intact:
    """What layers would send if nothing were broken, computed only as far as somebody asks."""

    def __init__(self, flat: Sequence[Flat], compute: Callable[[Array, int], Array]) -> None:
        """Follow a plan; compute says what a layer sends when it is given what goes in."""
        self._flat = flat
        self._compute = compute
        asking = [i for i, part in enumerate(flat) if part.beside and len(part.rows)]
        self._last = max(asking, default=-1)
        self._sent: Array | None = None  # None while nothing has been broken on the way

    def enter(self, index: int, signals: Array) -> None:
        """Say what really goes into the next layer."""
        if index <= self._last:
            if self._sent is None and len(self._flat[index].cut_rows):
                self._sent = signals
            if self._sent is not None:
                self._sent = self._compute(self._sent, index)

    def sent(self, index: int, made: Array) -> Array | None:
        """Return what the layer would send, made being what it does; None if nobody asks."""
        if index > self._last:
            return None
        if self._sent is None and (index < self._last or self._flat[index].grid):
            self._sent = made.copy()
        return made if self._sent is None else self._sent


def damage_sums(made: Array, signals: Array, broken: Flat) -> None:
    """Change sums (…, N), in place, to what broken synapses from signals make of them."""
    if not len(broken.cut_rows):
        return
    true = signals[_places(signals, broken.cut_rows, broken.senders)]
    change = broken.weights * ((broken.keeps - 1) * true + broken.adds)
    # Some lead to the same neuron.
    np.add.at(made, _places(made, broken.cut_rows, broken.receivers), change)


def damage_signals(made: Array, broken: Flat, nominal: Array | None) -> None:
    """Change signals (…, N), in place, to what rounding and failed neurons make of them."""
    if broken.grid:
        made /= broken.grid
        np.rint(made, out=made)
        made *= broken.grid
    if len(broken.rows):
        places = _places(made, broken.rows, broken.columns)
        sent = broken.sends
        if broken.beside and nominal is not None:
            sent = nominal[places] + sent
        made[places] = sent


def signals_of(
    layers: Sequence[Layer], inputs: Array, plan: FaultPlan | None = None
) -> list[Array]:
    """Return what every layer sends, the outputs last: (rows, inputs) -> (rows, N) each.

    Plain, and in the precision of the inputs: what policies compute in their own way.
    """
    flat = None if plan is None else laid_flat(plan, layers, len(inputs), inputs.dtype)

    def sums(signals: Array, index: int) -> Array:
        weights, biases = (part.astype(inputs.dtype, copy=False) for part in layers[index][1:3])
        made: Array = signals @ weights.T + biases
        return made

    def sent(made: Array, index: int) -> Array:
        return np.array(activation(layers[index].activation).values(made))

    intact = Intact(flat or (), lambda signals, index: sent(sums(signals, index), index))
    found = [inputs]
    for index in range(len(layers)):
        intact.enter(index, found[-1])
        made = sums(found[-1], index)
        if flat is not None:
            damage_sums(made, found[-1], flat[index])
        made = sent(made, index)
        if flat is not None:
            damage_signals(made, flat[index], intact.sent(index, made))
        found.append(made)
    return found[1:]


def _laid_flat(broken: Broken, layer: Layer, count: int, dtype: np.dtype[Any]) -> Flat:
    nothing = np.zeros((0, 0), dtype=np.int64)
    where, sends = nothing.astype(bool), nothing
    if broken.neurons is not None:
        where, sends = (_by_row(part, count) for part in broken.neurons[:2])
    rows, columns = np.nonzero(where)
    receivers, senders, keeps, adds = (
        (nothing,) * 4
        if broken.synapses is None
        else (_by_row(part, count) for part in broken.synapses)
    )
    return Flat(
        rows=rows,
        columns=columns,
        sends=sends[rows, columns].astype(dtype),
        beside=broken.neurons is not None and broken.neurons.beside,
        cut_rows=np.repeat(np.arange(len(receivers)), receivers.shape[1]),
        receivers=receivers.ravel(),
        senders=senders.ravel(),
        weights=layer.weights[receivers, senders].astype(dtype).ravel(),
        keeps=keeps.astype(dtype).ravel(),
        adds=adds.astype(dtype).ravel(),
        grid=broken.grid,
    )


def _places(signals: Array, rows: Integers, columns: Integers) -> tuple[Integers, ...]:
    """Return where entries stand, rows being counted over all axes but the last."""
    if signals.ndim == 2:
        return rows, columns
    return (*np.unravel_index(rows, signals.shape[:-1]), columns)


def _by_row(part: Array, count: int) -> Array:
    """Return a part of a plan with one row for each that it speaks of: (rows, K)."""
    size = part.shape[-1]
    if part.ndim == 1:
        return np.broadcast_to(part, (count, size))
    return part.reshape(math.prod(part.shape[:-1]), size)


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
