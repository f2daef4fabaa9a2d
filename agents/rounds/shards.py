"""A server in shards: each holds some columns of the parameters, and of all updates to them.

For models whose updates do not fit into one process: n updates of d parameters are n d numbers in
one place, or n d / S in each of S. What travels between shards is n x n: their Gram matrices add
up, the sum decides once for all, and each shard combines its own columns and moves its own
parameters. The bits are those of a single shard.
"""

import resource
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rallypoint.agents.gradient.optimisers import Optimiser, Sgd
from rallypoint.agents.rounds.protocols import Floats, Integers
from rallypoint.batch_env import Mask
from rallypoint.draws import stream
from rallypoint.errors import InvalidConfig, InvalidUpdates
from rallypoint.safety.aggregation import Aggregator
from rallypoint.safety.aggregation.decisions import Decision
from rallypoint.safety.aggregation.grams import refuse_too_many
from rallypoint.safety.aggregation.kernels import GRID, non_finite
from rallypoint.safety.aggregation.partial_sum import PartialSum
from rallypoint.safety.aggregation.parts import CoordinateRule
from rallypoint.safety.aggregation.shards import combined, decide_on, gram_of

Matrix = NDArray[np.float64]
Ask = Callable[..., list[Any]]  # a method of all shards, by name and with arguments: their answers
_SKETCH = 64  # columns of each block of the grid that tell who is in the middle


def cuts(columns: int, shards: int) -> list[tuple[int, int]]:
    """Return the first column of each shard, and the one after its last.

    >>> cuts(10_000, 2)
    [(0, 8192), (8192, 10000)]

    Raises:
        InvalidConfig: more shards than there are blocks of 4,096 columns.
    """
    blocks = -(-columns // GRID)
    if not 1 <= shards <= blocks:
        raise InvalidConfig(
            f"{columns} columns are {blocks} blocks of {GRID}, for 1 to {blocks} shards; got "
            f"{shards}"
        )
    firsts = [GRID * -(-blocks * at // shards) for at in range(shards)]
    return list(zip(firsts, [*firsts[1:], columns], strict=True))


class Shard:
    """Some columns of a server: their parameters, and what contributors sent about them.

    A plain class; ``rounds.cluster.shards`` makes actors of it.
    """

    def __init__(
        self, start: int, parameters: Floats, contributors: int, optimiser: Optimiser | None = None
    ) -> None:
        """Hold columns from one on.

        Args:
            start: the first, a multiple of 4,096.
            parameters: (b,) to start from.
            contributors: how many send updates.
            optimiser: how to descend; plainly if not given.
        """
        self.start = start
        self.parameters = parameters.copy()
        self._updates = np.full((contributors, len(parameters)), np.nan, dtype=np.float32)
        self._came = np.zeros(contributors, dtype=bool)
        self._has_holes = np.zeros(contributors, dtype=bool)  # of those that came: not finite
        self._optimiser = Sgd() if optimiser is None else optimiser
        self._moments = self._optimiser.init(self.parameters[None])
        self._time = 0

    def receive(self, contributor: int, piece: Floats) -> None:
        """Take a contributor's update in these columns, (b,).

        Raises:
            InvalidUpdates: it is of another size.
        """
        if piece.shape != self.parameters.shape:
            raise InvalidUpdates(
                f"these are {len(self.parameters)} columns from {self.start} on, and contributor "
                f"{contributor} sends {piece.shape}"
            )
        row = self._updates[contributor : contributor + 1]
        row[0] = piece
        self._came[contributor] = True
        self._has_holes[contributor] = non_finite(row)[0]  # now, while it is in the cache

    def broken(self, *, skips_nan: bool = False) -> Mask:
        """Say whose updates (n,) did not come, or are not finite in these columns.

        Args:
            skips_nan: whether what is no number was lost, and nothing is wrong with the rest.
        """
        self._updates[~self._came] = np.nan  # what is here of them is of a round before
        if not skips_nan:
            return ~self._came | self._has_holes
        found = self._came & self._has_holes
        for contributor in np.flatnonzero(found):
            found[contributor] = np.isinf(self._updates[contributor]).any()
        return found

    def sketch(self) -> Matrix:
        """Return squared distances (n, n) in a few columns of each block; NaN of who is missing."""
        rows = [self._updates[:, at : at + _SKETCH] for at in range(0, len(self.parameters), GRID)]
        few = np.concatenate(rows, axis=1, dtype=np.float64)
        few[~self._came] = np.nan
        norms = np.einsum("nk,nk->n", few, few)
        with np.errstate(invalid="ignore"):
            squared: Matrix = norms[:, None] + norms - 2 * few @ few.T
        return squared

    def gram(self, centre: int, rows: Integers | None = None) -> PartialSum:
        """Return what these columns add to the Gram matrix of some updates about one of them.

        Args:
            centre: which of those.
            rows: which updates; all if not given.
        """
        return gram_of(self._those(rows), centre=centre, start=self.start)

    def follow(self, decision: Decision, rate: float, rows: Integers | None = None) -> None:
        """Combine these columns of some updates as was decided, and move along them."""
        aggregate = combined(self._those(rows), decision)
        moved = self._optimiser.step(
            self.parameters[None], aggregate[None], self._moments, rate, self._time
        )
        self.parameters, self._moments = moved.parameters[0], moved.moments
        self._time += 1
        self._came[:] = False

    def _those(self, rows: Integers | None) -> Any:
        if rows is None or len(rows) == len(self._updates):
            return self._updates
        starts = range(0, len(self.parameters), GRID)  # block by block: a copy might not fit
        return lambda: (self._updates[rows, at : at + GRID] for at in starts)

    def columns(self) -> Floats:
        """Return the parameters of these columns: (b,)."""
        return self.parameters

    def fill(self, contributor: int, seed: int) -> None:
        """Take an update drawn here: a stand-in for one too large to send about, for measuring."""
        rng = stream(seed, "shards/fill", contributor, self.start)
        self.receive(contributor, rng.standard_normal(len(self.parameters), dtype=np.float32))

    @staticmethod
    def peak_bytes() -> int:
        """Return the most memory that this process has held."""
        used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return used if sys.platform == "darwin" else 1024 * used


def most_central(sketches: Sequence[Matrix]) -> int:
    """Return the update with the least median distance to all, of those that came.

    Raises:
        InvalidUpdates: none of them is finite.
    """
    squared = np.sum(sketches, axis=0)
    middle = np.nanmedian(np.where(np.isfinite(squared), squared, np.inf), axis=1)
    at = int(middle.argmin())
    if not np.isfinite(middle[at]):
        raise InvalidUpdates("no update came that is finite; wait for more of them than may lie")
    return at


def agreed(ask: Ask, name: str, contributors: int, f: int) -> tuple[Decision, Integers]:
    """Let all shards find out what is to be followed, and of which updates.

    As in one piece, updates that did not come, or are not finite, are left out and count against f,
    and so do those that are too far off for squares, where these are looked at. Of rules that skip
    what is lost, only what is infinite is.

    Args:
        ask: calls a method of every shard, and returns what they say.
        name: of the aggregator.
        contributors: n.
        f: how many may lie.

    Raises:
        InvalidUpdates: more than f updates are left out.
        InvalidConfig, TooManyByzantine: as ``decided`` does.
    """
    aggregator = Aggregator.parse(name)
    aggregator.check(contributors, f)
    skips_nan = not needs_gram(name) and getattr(aggregator.chain[-1], "skips_nan", False)
    is_there = ~np.any(ask("broken", skips_nan=skips_nan), axis=0)
    while True:
        gone, rows = np.flatnonzero(~is_there), np.flatnonzero(is_there)
        refuse_too_many(gone, f, "missing, non-finite or have squares that overflow")
        if not needs_gram(name):
            return decided(name, [], len(rows), f - len(gone)), rows
        among = np.ix_(rows, rows)
        centre = most_central([sketch[among] for sketch in ask("sketch")])
        grams = ask("gram", centre, rows)
        is_near = np.isfinite(np.diagonal(_sum(grams).total()))
        if is_near.all():
            return decided(name, grams, len(rows), f - len(gone)), rows
        is_there[rows[~is_near]] = False


def decided(name: str, grams: Sequence[PartialSum], contributors: int, f: int) -> Decision:
    """Ask an aggregator about all shards' columns at once.

    Args:
        name: of the aggregator; one that looks at no more than a Gram matrix, or at coordinates.
        grams: of each shard, about one and the same update; none for a coordinate rule.
        contributors: how many have sent something.
        f: how many may lie.

    Raises:
        InvalidConfig: it needs more than that.
        TooManyByzantine: it does not tolerate f.
    """
    aggregator = Aggregator.parse(name)
    (*before, last) = aggregator.chain
    if isinstance(last, CoordinateRule) and not before:
        aggregator.check(contributors, f)
        return Decision(rule=last, f=f)
    return decide_on(name, _sum(grams), f)


def _sum(grams: Sequence[PartialSum]) -> PartialSum:
    total, *others = grams
    for gram in others:
        total = total + gram
    return total


def needs_gram(name: str) -> bool:
    """Say whether an aggregator looks at a Gram matrix at all."""
    (*before, last) = Aggregator.parse(name).chain
    return bool(before) or not isinstance(last, CoordinateRule)


def whole(pieces: Sequence[Any]) -> Floats:
    """Return pieces in order as one."""
    return np.concatenate(list(pieces))
