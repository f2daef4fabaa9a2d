"""The parts of a model: what an aggregator is asked about at a time."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rallypoint.agents.gradient.perceptron import Floats
from rallypoint.batch_env import Mask
from rallypoint.safety.aggregation import Explanation

Rows = NDArray[np.int64]


class Part(NamedTuple):
    """Numbers of a model that are aggregated by themselves: an actor, and what rides behind it."""

    places: tuple[slice, ...]  # where they stand among all
    layout: tuple[int, ...] | None = None  # sizes of the layers, for rules that go layer by layer
    group: str | None = None  # whose actor it is, where there are several
    path: tuple[int, ...] = ()  # by which its draws are told from those of the others

    @property
    def said(self) -> str:
        """How messages begin that are about this part alone."""
        return "" if self.group is None else f"group {self.group!r}: "

    def of(self, numbers: Floats) -> Floats:
        """Return its own of a whole model's, (…, D): a view where they stand together."""
        return side_by_side([numbers[..., place] for place in self.places])

    def put(self, numbers: Floats, own: Floats) -> None:
        """Write its own into a whole model's, (…, D)."""
        first = 0
        for place in self.places:
            size = place.stop - place.start
            numbers[..., place] = own[..., first : first + size]
            first += size


class Judged(NamedTuple):
    """What a server made of one part of one run's updates."""

    rows: Rows | slice  # (k,) of the updates, those that speak of the part
    aggregate: Floats  # (d,) of the part
    explanation: Explanation | None  # of these rows, where it was asked for


class Received(NamedTuple):
    """What a server made of one run's updates."""

    aggregate: Floats  # (D,)
    parts: tuple[Judged, ...]


def rows_by_part(
    parts: Sequence[Part], count: int, speaks_of: Mask | None
) -> Iterator[tuple[Part, Rows | slice]]:
    """Yield each part, and which of so many updates speak of it.

    ``speaks_of`` (m, parts) says so; all speak of all, if not given.
    """
    for number, part in enumerate(parts):
        if speaks_of is None or speaks_of[:, number].all():
            yield part, slice(0, count)
        else:
            yield part, np.flatnonzero(speaks_of[:, number])


def side_by_side(pieces: Sequence[Floats]) -> Floats:
    """Return pieces (…, d_i) as one array; a single one as it is."""
    return pieces[0] if len(pieces) == 1 else np.concatenate(pieces, axis=-1)


def adjoining(places: Sequence[slice]) -> tuple[slice, ...]:
    """Return the same places with neighbours made one, and empty ones gone.

    >>> adjoining([slice(0, 2), slice(2, 5), slice(7, 7)])
    (slice(0, 5, None),)
    """
    found: list[slice] = []
    for place in places:
        if place.start == place.stop:
            continue
        if found and found[-1].stop == place.start:
            found[-1] = slice(found[-1].start, place.stop)
        else:
            found.append(place)
    return tuple(found)
