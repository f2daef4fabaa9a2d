"""Counting what each agent sees by intersecting sets of agents, a bit for each: up to 53 agents."""

import numpy as np
from numpy.typing import NDArray

from rallypoint.envs.torus.dynamics import Positions
from rallypoint.envs.torus.percept import BINS, ENTRIES, Limits, axis_table, places

Sets = NDArray[np.uint32 | np.uint64]  # bit b of each word is agent b

MOST_AGENTS = 53  # bits that a float64 holds exactly
_SINGLE = 24  # bits that a float32 holds exactly


class SightBySets:
    """Who is in bin i along x and in bin j along y is in both sets, so it takes no pairs.

    Which agents stand at a place of an axis is a sum of distinct powers of two; a product with the
    axis's table unites the places of each bin, exactly, and then the sums are read as bit sets.
    An agent costs 25 intersections, however many others there are.
    """

    def __init__(self, num_agents: int, width: int, limits: Limits) -> None:
        """Prepare to see at most MOST_AGENTS agents."""
        assert num_agents <= MOST_AGENTS
        is_single = num_agents <= _SINGLE
        self._word = np.uint32 if is_single else np.uint64
        self._bits = 2.0 ** np.arange(num_agents)
        self._unite = axis_table(width, limits).astype(np.float32 if is_single else np.float64)
        self._x, self._y = places(width)

    def counts(self, cells: Positions) -> NDArray[np.uint8]:
        """Count who stands where around each agent: (n, N) -> (n, N, 25)."""
        in_x, in_y = self._sets(self._x.take(cells)), self._sets(self._y.take(cells))
        # (5, 5, n N): agents last, for long loops
        counts: NDArray[np.uint8] = np.bitwise_count(in_x[:, None] & in_y)
        return counts.reshape(ENTRIES, *cells.shape).transpose(1, 2, 0)

    def _sets(self, there: Positions) -> Sets:
        """Return the set of agents in each bin of one axis around each agent: (5, n N)."""
        num_copies, slots = len(there), self._unite.shape[-1]
        at = (there + (np.arange(num_copies) * slots)[:, None]).ravel()
        bits = np.broadcast_to(self._bits, there.shape).ravel()
        occupants = np.bincount(at, bits, minlength=num_copies * slots)
        by_place = occupants.reshape(num_copies, slots).astype(self._unite.dtype)
        by_bin = np.matmul(by_place, self._unite).astype(self._word)  # (5, n, W + 1)
        sets: Sets = by_bin.reshape(len(BINS), -1).take(at, axis=1, mode="clip")
        return sets
