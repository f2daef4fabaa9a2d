"""The counter-based generator behind all draws: by NumPy, or compiled where much is drawn."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rallypoint.acceleration import compiled_module

_PAYS = 100_000_000  # numbers drawn in this process, from which on loading numba is won back
LONG = 32  # numbers of a row, from which on rows are drawn one by one


# (E,) each: place (of a number, not of a counter), episode and copy.
Streams = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint64]]


class _Load:
    """What was drawn in this process so far, and the compiled loop once it pays."""

    def __init__(self) -> None:
        self.numbers = 0
        self.module: Any | None = None
        self._is_decided = False

    def add(self, numbers: int) -> Any | None:
        """Return the compiled loop, if these numbers are to be drawn by it."""
        if not self._is_decided:
            self.numbers += numbers
            pays = self.numbers > _PAYS
            self.module = compiled_module("rallypoint.compiled_philox", pays=pays)
            self._is_decided = pays or self.module is not None
        return self.module


_LOAD = _Load()


class Philox:
    """Philox4x64 with key (seed, channel) and counters (place, episode, copy).

    Source: Salmon, Moraes, Dror & Shaw (2011), "Parallel Random Numbers: As Easy as 1, 2, 3", SC.
    """

    def __init__(self, seed: int, channel: int) -> None:
        """Key the generator with two integers in [0, 2**64)."""
        self._key = np.uint64(seed), np.uint64(channel)
        self._philox = np.random.Philox(key=0)
        self._generator = np.random.Generator(self._philox)
        self._state = self._philox.state
        self._state["state"]["key"][:] = self._key

    def fill(
        self, buffer: NDArray[np.float64], rows: NDArray[np.int64], counters: NDArray[np.uint64]
    ) -> None:
        """Fill rows of a buffer with uniform numbers, each row's from its own counter on.

        Args:
            buffer: (E, 4 k), C-contiguous; a counter yields four numbers.
            rows: (e,) to be filled.
            counters: (e, 3) place, episode and copy of each.
        """
        compiled = _LOAD.add(len(rows) * buffer.shape[1])
        if compiled is not None:
            compiled.fill(buffer, rows, counters, self._key, compiled.HALVES)
            return
        counter = self._state["state"]["counter"]
        for row, (place, episode, copy) in zip(rows.tolist(), counters, strict=True):
            counter[:] = place, 0, episode, copy  # 1-3 µs a row, beside 6 ns a number
            self._philox.state = self._state
            self._generator.random(out=buffer[row])

    def fill_at(
        self,
        drawn: NDArray[np.float64],
        where: NDArray[np.int64],
        num_agents: int,
        streams: Streams,
    ) -> bool:
        """Fill rows (k, m) with the numbers of some of (E, n) cells, if the loop is compiled.

        Args:
            drawn: (k, m), C-contiguous.
            where: (k,) the cells, numbered row by row, in order.
            num_agents: n.
            streams: of the first cell's first number; the other cells of the row go on from there.

        Returns:
            Whether it is; if not, nothing was drawn.
        """
        compiled = _LOAD.module
        if compiled is None:
            return False
        fill = compiled.fill_long_at if drawn.shape[1] >= LONG else compiled.fill_at
        fill(drawn, where, num_agents, *streams, self._key, compiled.HALVES)
        return True

    def toss(self, tossed: NDArray[np.bool_], chance: float, streams: Streams) -> bool:
        """Fill rows (E, m) with coins, true where a number is less than a chance, if compiled.

        Returns:
            Whether the loop is; if not, nothing was drawn.
        """
        compiled = _LOAD.module
        if compiled is None:
            return False
        compiled.toss(tossed, chance, *streams, self._key, compiled.HALVES)
        return True
