"""Random draws that depend on what they are for, and on nothing else.

A draw is a function of (seed, channel, global copy id, episode, place in the episode): never of
the batch size, of which worker holds the copy, or of which other channel is on.
"""

import math
import zlib
from collections.abc import Mapping, Sequence
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from rallypoint.choices import lowest
from rallypoint.errors import DuplicateName, InvalidConfig, NotOffered
from rallypoint.normal import normal_of
from rallypoint.philox import LONG, Philox, Streams

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Mask = NDArray[np.bool_]

_MAX_BLOCK = 8192  # numbers per copy: 64 KiB
_MAX_BUFFER = 1 << 22  # numbers over all copies: 32 MiB
_NOT_FILLED = -(1 << 62)  # a base from which every place lies beyond the buffer
_names_by_key: dict[int, str] = {}


def stream(seed: int, *path: str | int) -> np.random.Generator:
    """Return a generator that depends on the seed and on what it is for, on nothing else.

    For code without copies; code with a copy axis takes ``Draws``.

    >>> bool(stream(0, "contributor", 3).random() == stream(0, "contributor", 3).random())
    True
    """
    key = [part if isinstance(part, int) else channel_key(part) for part in path]
    return np.random.default_rng(np.random.SeedSequence(check_seed(seed), spawn_key=key))


def check_seed(seed: int) -> int:
    """Return the seed if it can key a stream.

    Raises:
        InvalidConfig: it is no integer in [0, 2**64).
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or not 0 <= seed < 1 << 64:
        raise InvalidConfig(f"a seed is an integer in [0, 2**64), got {seed!r}")
    return int(seed)


def channel_key(name: str) -> int:
    """Return the crc32 of a channel's name, refusing a second name with the same one.

    Raises:
        DuplicateName: another channel has this key, so both would draw the same numbers.
    """
    key = zlib.crc32(name.encode())
    if _names_by_key.setdefault(key, name) != name:
        raise DuplicateName(
            f"channels {name!r} and {_names_by_key[key]!r} have the same crc32 and would draw "
            "the same numbers; rename one"
        )
    return key


class Draws:
    """Uniform numbers for E copies: row e of every draw comes from copy e's own stream.

    The stream of a copy is the counter-based Philox4x64 with key (seed, channel) and counter
    (place, episode, copy), so it starts anew with each episode and can be entered anywhere.
    """

    def __init__(
        self,
        seed: int,
        channel: str,
        copies: Sequence[int] | Integers,
        *,
        index: int = 0,
        ahead: int = 64,
    ) -> None:
        """Open the streams of some copies at the start of episode 0.

        Args:
            seed: of the run.
            channel: what the draws are for, such as ``"gathering/start"``.
            copies: (E,) global ids, so that a shard draws what the whole would.
            index: tells channels of one name apart, such as two threats of one kind.
            ahead: how many draws' worth of numbers are made at a time. Changes no number.
        """
        self._copies = np.array(copies, dtype=np.uint64)
        self._philox = Philox(check_seed(seed), channel_key(channel) | index << 32)
        self._ahead = ahead
        num_copies = len(self._copies)
        self._episodes = np.zeros(num_copies, dtype=np.int64)
        self._places = np.zeros(num_copies, dtype=np.int64)  # numbers used of each stream
        self._streams: Streams = self._places, self._episodes, self._copies  # written to in place
        self._bases = np.full(num_copies, _NOT_FILLED)  # place of each buffer row's first number
        self._buffer = np.empty((num_copies, 0))  # (E, block)
        self._aligned = True  # places and bases are equal in all rows: a draw is then one slice

    def begin_episode(
        self, mask: Mask | None = None, *, episode: int | Integers | None = None
    ) -> None:
        """Start the next episode (or a given one) of the masked copies, of all if no mask."""
        rows: slice | Mask = slice(None) if mask is None else mask
        self._episodes[rows] = self._episodes[rows] + 1 if episode is None else episode
        self._places[rows] = 0
        self._bases[rows] = _NOT_FILLED
        self._aligned = mask is None or bool(np.all(mask))

    def random(self, shape: tuple[int, ...] = (), mask: Mask | None = None) -> Floats:
        """Draw from [0, 1) for every copy, or for the masked ones: (E, *shape)."""
        count = math.prod(shape)
        if mask is not None and not np.all(mask):
            rows = np.flatnonzero(mask)
            return self._gather(count, rows).reshape(len(rows), *shape)
        num_copies = len(self._copies)
        if not self._aligned or num_copies == 0:
            return self._gather(count, np.arange(num_copies)).reshape(num_copies, *shape)
        first = self._pass_over(count)
        # A copy: the buffer is filled again in place, and the caller may write.
        return self._buffer[:, first : first + count].copy().reshape(num_copies, *shape)

    def at(self, cells: Mask, shape: tuple[int, ...] = ()) -> Floats:
        """Draw (E, n, *shape) and return what falls to some cells of (E, n): (k, *shape).

        The numbers are those of ``random((n, *shape))[cells]``; the others are passed over, which
        is quicker where the cells are few.
        """
        num_agents = cells.shape[1]
        each = math.prod(shape)
        where = cells.reshape(-1).nonzero()[0]
        if len(where) == cells.size:
            return self.random((num_agents, *shape)).reshape(cells.size, *shape)
        drawn = np.empty((len(where), each))
        # A counter yields four numbers, and a cell's may begin with any; all come from one buffer.
        is_direct = not self._aligned or (each + 6) // 4 * 4 * len(where) < 1.3 * each * cells.size
        if is_direct and self._philox.fill_at(drawn, where, num_agents, self._streams):
            self._places += num_agents * each
            return drawn.reshape(len(where), *shape)
        if not self._aligned:
            return self.random((num_agents, *shape))[cells]
        copies, agents = np.divmod(where, num_agents)
        first = self._pass_over(num_agents * each)
        starts = copies * self._buffer.shape[1] + first + agents * each
        self._buffer.reshape(-1).take(starts[:, None] + np.arange(each), out=drawn, mode="clip")
        return drawn.reshape(len(where), *shape)

    def coins(self, chance: float, cells: Mask, shape: tuple[int, ...] = ()) -> Mask:
        """Toss coins (E, n, *shape) and return what falls to some cells of (E, n): (k, *shape).

        They are those of ``at(cells, shape) < chance``; where they are many, no number is copied.
        """
        if 2 * np.count_nonzero(cells) < cells.size:
            return self.at(cells, shape) < chance
        count = cells.shape[1] * math.prod(shape)
        tossed = np.empty((len(cells), count), dtype=np.bool_)
        if count >= LONG and self._philox.toss(tossed, chance, self._streams):
            self._places += count
        elif self._aligned and len(cells):
            first = self._pass_over(count)
            np.less(self._buffer[:, first : first + count], chance, out=tossed)
        else:
            np.less(self.random((count,)), chance, out=tossed)
        by_cell = tossed.reshape(cells.size, *shape)
        return by_cell if cells.all() else by_cell[cells.ravel()]

    def normal(self, shape: tuple[int, ...] = (), mask: Mask | None = None) -> Floats:
        """Draw from N(0, 1), at most 8.3 away from 0: (E, *shape)."""
        return normal_of(self.random(shape, mask))

    def integers(
        self, high: int, shape: tuple[int, ...] = (), mask: Mask | None = None
    ) -> Integers:
        """Draw from {0, …, high - 1}: (E, *shape)."""
        return (self.random(shape, mask) * high).astype(np.int64)

    def choose(self, counts: int | Integers, candidates: Mask, mask: Mask | None = None) -> Mask:
        """Choose so many of each row's candidates, uniformly: (E, N) bool, a subset of them.

        A row with fewer candidates than asked for yields all of them. With a mask, candidates and
        result have one row per masked copy.
        """
        return lowest(self.random(candidates.shape[1:], mask), counts, candidates)

    def rows(self, mask: Mask) -> "Draws":
        """Return the streams of the masked copies alone, as the draws of a smaller batch.

        They are drawn from only: episodes, snapshots and restores are the whole's business.
        """
        return _Rows(self, mask)

    def snapshot(self) -> dict[str, Integers]:
        """Return where each copy's stream stands: (E,) episodes and places."""
        return {"episodes": self._episodes.copy(), "places": self._places.copy()}

    def restore(self, snapshot: Mapping[str, Integers]) -> None:
        """Continue each stream from where a snapshot left it."""
        self._episodes[:] = snapshot["episodes"]
        self._places[:] = snapshot["places"]
        self._bases[:] = _NOT_FILLED
        self._aligned = len(np.unique(self._places)) <= 1

    def _pass_over(self, count: int) -> int:
        """Go on by so many numbers of each copy, all at one place; return the first's column."""
        first = int(self._places[0] - self._bases[0])
        if first + count > self._buffer.shape[1]:
            self._refill(np.arange(len(self._copies)), count)
            first = int(self._places[0] - self._bases[0])
        self._places += count
        return first

    def _gather(self, count: int, rows: Integers) -> Floats:
        self._aligned = False
        direct = np.empty((len(rows), count))
        if self._philox.fill_at(direct, rows, 1, self._streams):
            self._places[rows] += count
            return direct
        firsts = self._places[rows] - self._bases[rows]
        short = firsts + count > self._buffer.shape[1]
        if short.any():
            self._refill(rows[short], count)
            firsts = self._places[rows] - self._bases[rows]
        self._places[rows] += count
        drawn: Floats = self._buffer[rows[:, None], firsts[:, None] + np.arange(count)]
        return drawn

    def _refill(self, rows: Integers, count: int) -> None:
        """Fill the buffer of some rows from where they stand."""
        if self._buffer.shape[1] < count + 4:
            room = _MAX_BUFFER // len(self._copies)
            block = max(min(count * self._ahead, _MAX_BLOCK, room), count + 4)
            # Eight counters at a time are drawn together, and what is left over one by one.
            self._buffer = np.empty((len(self._copies), -(-block // 32) * 32))
            self._bases[:] = _NOT_FILLED
            rows = np.arange(len(self._copies))
        places = self._places[rows] // 4  # a counter yields four numbers
        self._bases[rows] = 4 * places
        counters = np.empty((len(rows), 3), dtype=np.uint64)
        for part, of in enumerate((places, self._episodes[rows], self._copies[rows])):
            counters[:, part] = of
        self._philox.fill(self._buffer, rows, counters)


class _Rows(Draws):
    """Some copies' streams; they stand where the whole's stand, and move them."""

    def __init__(self, whole: Draws, mask: Mask) -> None:
        self._whole = whole
        self._mask = mask

    def random(self, shape: tuple[int, ...] = (), mask: Mask | None = None) -> Floats:
        """Draw from [0, 1) for these copies, or for the masked ones of them."""
        rows = self._mask.copy()
        if mask is not None:
            rows[rows] = mask
        return self._whole.random(shape, rows)

    def at(self, cells: Mask, shape: tuple[int, ...] = ()) -> Floats:
        """Draw for these copies, and return what falls to some cells."""
        return self.random((cells.shape[1], *shape))[cells]

    def coins(self, chance: float, cells: Mask, shape: tuple[int, ...] = ()) -> Mask:
        """Toss coins for these copies, and return what falls to some cells."""
        return self.at(cells, shape) < chance

    def rows(self, mask: Mask) -> Draws:
        """Return fewer of these streams."""
        rows = self._mask.copy()
        rows[rows] = mask
        return _Rows(self._whole, rows)

    def begin_episode(
        self, mask: Mask | None = None, *, episode: int | Integers | None = None
    ) -> None:
        """Refuse: episodes begin in the whole."""
        del mask, episode
        self._refuse("begin_episode")

    def snapshot(self) -> dict[str, Integers]:
        """Refuse: the whole has it."""
        self._refuse("snapshot")

    def restore(self, snapshot: Mapping[str, Integers]) -> None:
        """Refuse: the whole does it."""
        del snapshot
        self._refuse("restore")

    def _refuse(self, what: str) -> NoReturn:
        raise NotOffered(
            f"rows(mask) are some copies' streams, to be drawn from; call {what}() of the draws "
            "that they were taken of, with a mask where it takes one"
        )
