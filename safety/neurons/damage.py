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


class Places:
    """Entries of signals (…, N), by row, counted over all axes but the last, and by column."""

    def __init__(self, rows: Integers, columns: Integers) -> None:
        """Keep the rows (m,), which ascend, and the columns (m,)."""
        self.rows = rows
        self.columns = columns
        self._form: tuple[tuple[int, ...], tuple[int, ...]] = (), ()
        self._at: Integers = rows

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.rows)

    def between(self, first: int, last: int) -> "Places":
        """Return those in some rows, counted from the first of these."""
        some = slice(*np.searchsorted(self.rows, (first, last)))
        return Places(self.rows[some] - first, self.columns[some])

    def among(self, signals: Array) -> tuple[Array, Integers]:
        """Return the signals on one line, a view, and where these entries stand on it.

        Several times faster than an index for each axis; it is found once for each form.
        """
        form = signals.shape, signals.strides
        if form != self._form:
            axes = (*np.unravel_index(self.rows, signals.shape[:-1]), self.columns)
            steps = np.array(signals.strides) // signals.itemsize
            self._at = np.asarray(axes).T @ steps
            self._form = form
        return signals.ravel(order="K"), self._at


class Flat(NamedTuple):
    """What is broken in one layer, one entry for each place in a batch."""

    failed: Places
    sends: Array  # (m,)
    beside: bool
    receivers: Places  # of synapses that are broken
    senders: Places
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
        failed = slice(*np.searchsorted(part.failed.rows, (first, last)))
        cut = slice(*np.searchsorted(part.receivers.rows, (first, last)))
        return part._replace(
            failed=part.failed.between(first, last),
            sends=part.sends[failed],
            receivers=part.receivers.between(first, last),
            senders=part.senders.between(first, last),
            **{name: getattr(part, name)[cut] for name in ("weights", "keeps", "adds")},
        )

    return tuple(some(part) for part in flat)


class Intact:
    """What layers would send if nothing were broken, computed only as far as somebody asks."""

    def __init__(self, flat: Sequence[Flat], compute: Callable[[Array, int], Array]) -> None:
        """Follow a plan; compute says what a layer sends when it is given what goes in."""
        self._flat = flat
        self._compute = compute
        asking = [i for i, part in enumerate(flat) if part.beside and len(part.failed)]
        self._last = max(asking, default=-1)
        self._sent: Array | None = None  # None while nothing has been broken on the way

    def enter(self, index: int, signals: Array) -> None:
        """Say what really goes into the next layer."""
        if index <= self._last:
            if self._sent is None and len(self._flat[index].receivers):
                self._sent = signals
            if self._sent is not None:
                self._sent = self._compute(self._sent, index)

    def sent(self, index: int, made: Array) -> Array | None:
        """Return what the layer would send, made being what it does; None if nobody asks."""
        if index > self._last:
            return None
        if self._sent is None and (index < self._last or self._flat[index].grid):
            self._sent = made.copy(order="K")
        return made if self._sent is None else self._sent


def damage_sums(made: Array, signals: Array, broken: Flat) -> None:
    """Change sums (…, N), in place, to what broken synapses from signals make of them."""
    if not len(broken.receivers):
        return
    line, at = broken.senders.among(signals)
    change = broken.weights * ((broken.keeps - 1) * line[at] + broken.adds)
    line, at = broken.receivers.among(made)
    np.add.at(line, at, change)  # some lead to the same neuron


def damage_signals(made: Array, broken: Flat, nominal: Array | None) -> None:
    """Change signals (…, N), in place, to what rounding and failed neurons make of them."""
    if broken.grid:
        made /= broken.grid
        np.rint(made, out=made)
        made *= broken.grid
    if len(broken.failed):
        sent = broken.sends
        if broken.beside and nominal is not None:
            line, at = broken.failed.among(nominal)
            sent = line[at] + sent
        line, at = broken.failed.among(made)
        line[at] = sent


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
    cut_rows = np.repeat(np.arange(len(receivers)), receivers.shape[1])
    return Flat(
        failed=Places(rows, columns),
        sends=sends[rows, columns].astype(dtype),
        beside=broken.neurons is not None and broken.neurons.beside,
        receivers=Places(cut_rows, receivers.ravel()),
        senders=Places(cut_rows, senders.ravel()),
        weights=layer.weights[receivers, senders].astype(dtype).ravel(),
        keeps=keeps.astype(dtype).ravel(),
        adds=adds.astype(dtype).ravel(),
        grid=broken.grid,
    )


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
