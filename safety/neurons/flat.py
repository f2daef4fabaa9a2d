"""Plans laid flat: what is broken in a batch, one entry for each place of it."""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rallypoint.networks import Array, Broken, Cut, Failed, FaultPlan, Layer

Integers = NDArray[np.int64]
Bend = Callable[[Array], Array]  # sums to signals, maybe in place

# From this share of a layer's signals on, going over all of them with a mask is faster than
# visiting those of broken neurons.
_MANY = 0.2


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

    def on_line(self, signals: Array) -> Integers:
        """Return where these entries stand among the signals on one line, ``line_of``.

        Several times faster than an index for each axis; it is found once for each form.
        """
        form = signals.shape, signals.strides
        if form != self._form:
            axes = (*np.unravel_index(self.rows, signals.shape[:-1]), self.columns)
            steps = np.array(signals.strides) // signals.itemsize
            self._at = np.asarray(axes).T @ steps
            self._form = form
        return self._at


def line_of(signals: Array) -> Array:
    """Return signals on one line, as they stand in memory: a view."""
    return signals.ravel(order="K")


class Failures:
    """Neurons of one layer that fail, and what they send."""

    def __init__(self, places: Places, sends: Array, *, beside: bool) -> None:
        """Keep what is sent (m,) in these places; with beside, so much more than would be."""
        self.places = places
        self.beside = beside and bool(len(places))
        self._sends = sends
        self._form: tuple[tuple[int, ...], tuple[int, ...]] = (), ()
        self._masks: tuple[Array, Array] | None = None  # where none fails, and where one does
        self._spread = self._room = sends  # beneath those masks; room for as much

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.places)

    def spread(self, like: Array) -> Array:
        """Return what is sent as signals (…, N) like these, 0 where no neuron fails."""
        signals = np.zeros_like(like)
        line_of(signals)[self.places.on_line(like)] = self._sends
        return signals

    def beside_those(self, sums: Array, bend: Bend | None = None) -> Array:
        """Return what to write where they speak beside what would be sent; good until asked again.

        Args:
            sums: of the undamaged network (…, N), or its signals.
            bend: makes sums signals; left out where they are.
        """
        masks = self._laid_out(sums)
        line = line_of(sums)
        if masks is None:
            found = line[self.places.on_line(sums)]
        else:
            found = self._room
            np.copyto(found, line)
        if bend is not None:
            found = bend(found)
        if masks is None:
            found += self._sends
            return found
        found += self._spread
        bits = found.view(masks[1].dtype)
        bits &= masks[1]
        return found

    def write(self, made: Array, sent: Array | None) -> None:
        """Let them send, in place, into signals (…, N); sent is of ``beside_those``, if asked."""
        masks = self._laid_out(made)
        line = line_of(made)
        if masks is None:
            line[self.places.on_line(made)] = self._sends if sent is None else sent
            return
        bits = line.view(masks[0].dtype)
        bits &= masks[0]
        bits |= (self._spread if sent is None else sent).view(bits.dtype)

    def _laid_out(self, signals: Array) -> tuple[Array, Array] | None:
        form = signals.shape, signals.strides
        if form != self._form:
            self._form, self._masks = form, None
            if len(self) > _MANY * signals.size:
                self._spread = line_of(self.spread(signals))
                self._room = np.empty_like(self._spread)
                fails = np.zeros(signals.size, np.dtype(f"i{signals.itemsize}"))
                fails[self.places.on_line(signals)] = -1  # every bit
                self._masks = ~fails, fails
        return self._masks


class Crossed:
    """Synapses into one layer that carry something else than the signal."""

    def __init__(self, into: Places, out_of: Places, slopes: Array, shifts: Array) -> None:
        """Keep where they lead and come from, and what that changes.

        Args:
            into: (c,) the neurons that receive.
            out_of: (c,) the signals that are carried.
            slopes: (c,) how much a sum changes with the signal.
            shifts: (c,) and how much whatever is carried.
        """
        self._into, self._out_of = into, out_of
        self._slopes, self._shifts = slopes, shifts
        self._is_shifted = bool(shifts.any())

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._into)

    def change(self, sums: Array, signals: Array) -> None:
        """Change sums (…, N), in place, to what comes of signals that go through these."""
        change = line_of(signals)[self._out_of.on_line(signals)]
        change *= self._slopes
        if self._is_shifted:
            change += self._shifts
        np.add.at(line_of(sums), self._into.on_line(sums), change)  # some lead to the same neuron


class Flat(NamedTuple):
    """What is broken in one layer, laid out for a batch."""

    failures: Failures
    crossed: Crossed
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


def _laid_flat(broken: Broken, layer: Layer, count: int, dtype: np.dtype[Any]) -> Flat:
    return Flat(
        _failures(broken.neurons, count, dtype),
        _crossed(broken.synapses, layer.weights, count, dtype),
        broken.grid,
    )


def _failures(failed: Failed | None, count: int, dtype: np.dtype[Any]) -> Failures:
    if failed is None:
        nowhere = np.zeros(0, dtype=np.int64)
        return Failures(Places(nowhere, nowhere), np.zeros(0, dtype), beside=False)
    where, sends = (_by_row(part, count) for part in failed[:2])
    rows, columns = np.nonzero(where)
    return Failures(Places(rows, columns), sends[rows, columns].astype(dtype), beside=failed.beside)


def _crossed(cut: Cut | None, weights: Array, count: int, dtype: np.dtype[Any]) -> Crossed:
    """Lay synapses flat, without those that carry what they always did."""
    if cut is None:
        nowhere = np.zeros(0, dtype=np.int64)
        nothing = np.zeros(0, dtype)
        return Crossed(Places(nowhere, nowhere), Places(nowhere, nowhere), nothing, nothing)
    receivers, senders, keeps, adds = (_by_row(part, count) for part in cut)
    rows, places = np.nonzero((keeps != 1) | (adds != 0))
    receivers, senders, keeps, adds = (
        part[rows, places] for part in (receivers, senders, keeps, adds)
    )
    carried = weights[receivers, senders]
    return Crossed(
        Places(rows, receivers),
        Places(rows, senders),
        (carried * (keeps - 1)).astype(dtype),
        (carried * adds).astype(dtype),
    )


def _by_row(part: Array, count: int) -> Array:
    """Return a part of a plan with one row for each that it speaks of: (rows, K)."""
    size = part.shape[-1]
    if part.ndim == 1:
        return np.broadcast_to(part, (count, size))
    return part.reshape(math.prod(part.shape[:-1]), size)
