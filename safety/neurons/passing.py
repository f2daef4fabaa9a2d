"""How signals pass through a network of which something is broken, whoever computes its layers."""

from collections.abc import Sequence
from functools import partial
from typing import Protocol

import numpy as np

from rallypoint.networks import Array
from rallypoint.safety.neurons.flat import Failures, Flat


class Computes(Protocol):
    """Computes the layers of an undamaged network, one by one."""

    def sums(self, signals: Array, index: int, *, intact: bool = False) -> Array:
        """Return what neurons of a layer sum up, biases included: (…, inputs) -> (…, N).

        What is returned may be changed, and is good until the same is asked again; with intact,
        which is another asking.
        """

    def weighed(self, signals: Array, index: int) -> Array:
        """Return the same without biases; nothing else is written where it stands."""

    def bent(self, sums: Array, index: int, *, intact: bool = False) -> Array:
        """Return the signals of neurons that sum up so much (…), maybe in place.

        With intact they are only what liars are measured against, and may be a rounding off.
        """


class Passage:
    """The way through a damaged network, for batches of one size.

    Neurons that speak beside what they would send in the undamaged network take signals of that
    network, too, from the first thing that is broken to the last layer with such neurons. Most of a
    second pass is saved: what comes before is the same in both, and where nothing but these lies is
    broken yet, real signals differ from the undamaged by the same numbers at every step, so what
    the next layer makes of the difference is weighed once and kept.
    """

    def __init__(self, network: Computes, flat: Sequence[Flat]) -> None:
        """Follow a plan that was laid flat for such batches."""
        self._network = network
        self._flat = flat
        self._last = max((i for i, part in enumerate(flat) if part.failures.beside), default=-1)
        self._shifts: dict[int, Array] = {}  # of the sums of a layer, by lies of the one before
        self._kept: dict[int, Array] = {}

    def outputs(self, inputs: Array) -> Array:
        """Return what the network puts out: (…, inputs) -> (…, K)."""
        return self._signals(inputs, whole=False)[-1]

    def signals(self, inputs: Array) -> list[Array]:
        """Return what every layer sends, the outputs last: (…, N) each."""
        return self._signals(inputs, whole=True)

    def _signals(self, inputs: Array, *, whole: bool) -> list[Array]:
        made, found = inputs, []
        intact: Array | None = None  # what the undamaged network sends, once that is another thing
        late = False  # ``made`` is what it sends, and lies are still to be added to the next sums
        for index, (failures, crossed, grid) in enumerate(self._flat):
            sums = self._network.sums(made, index)
            sent, is_asked = None, index <= self._last
            differs = late or intact is not None or len(crossed) > 0
            if is_asked and differs:
                sent, intact = self._beside(index, sums, intact)
            if late:
                sums += self._shift(index, made)
            if len(crossed):
                crossed.change(sums, made)
            made = self._network.bent(sums, index)
            late = is_asked and not differs and self._may_wait(index)
            if late:
                found.append(_lying(failures, made) if whole else made)
                continue
            if is_asked and not differs:
                sent, intact = self._beside_these(index, made)
            if grid:
                _round(made, grid)
            if len(failures):
                failures.write(made, sent)
            found.append(made)
        return found

    def _beside(
        self, index: int, sums: Array, intact: Array | None
    ) -> tuple[Array | None, Array | None]:
        """Return what liars of a layer send, and what the undamaged network does, if still asked.

        The sums are its own, too, until they are changed, unless it sent something else before.
        """
        failures = self._flat[index].failures
        apart = sums if intact is None else self._network.sums(intact, index, intact=True)
        if index == self._last:
            return failures.beside_those(
                apart, partial(self._network.bent, index=index, intact=True)
            ), None
        own = self._copied(index, sums) if apart is sums else apart
        intact = self._network.bent(own, index, intact=True)
        return failures.beside_those(intact) if failures.beside else None, intact

    def _beside_these(self, index: int, made: Array) -> tuple[Array | None, Array | None]:
        """Return the same where nothing was broken up to these signals."""
        failures, _, grid = self._flat[index]
        sent = failures.beside_those(made) if failures.beside else None
        is_broken = bool(grid) or len(failures) > 0
        return sent, self._copied(index, made) if is_broken and index < self._last else None

    def _may_wait(self, index: int) -> bool:
        """Return whether all that is broken here are lies that the next sums can do with."""
        failures, _, grid = self._flat[index]
        return failures.beside and not grid and not len(self._flat[index + 1].crossed)

    def _shift(self, index: int, before: Array) -> Array:
        """Return how far lies of the layer before, which sends so much, move these sums."""
        if index not in self._shifts:
            lies = self._flat[index - 1].failures.spread(before)
            self._shifts[index] = self._network.weighed(lies, index)
        return self._shifts[index]

    def _copied(self, index: int, signals: Array) -> Array:
        kept = self._kept.get(index)
        if kept is None or (kept.shape, kept.strides) != (signals.shape, signals.strides):
            kept = self._kept[index] = np.empty_like(signals)
        np.copyto(kept, signals)
        return kept


def _lying(failures: Failures, intact: Array) -> Array:
    made = intact.copy(order="K")
    failures.write(made, failures.beside_those(intact))
    return made


def _round(signals: Array, grid: float) -> None:
    signals /= grid
    np.rint(signals, out=signals)
    signals *= grid
