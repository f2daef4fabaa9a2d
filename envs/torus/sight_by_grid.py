"""Counting what each agent sees from how many stand on each cell: any number of agents."""

import numpy as np
from numpy.typing import NDArray

from rallypoint.envs.torus.dynamics import Positions
from rallypoint.envs.torus.percept import BINS, ENTRIES, Limits, axis_table, places


class SightByGrid:
    """One product sums the bins along y, one the columns up to each; bins along x are differences.

    Both run over cells and not over agents, so many agents cost hardly more than few: each picks
    six rows and subtracts neighbours. Float32 holds the whole numbers exactly.
    """

    def __init__(self, width: int, limits: Limits) -> None:
        """Prepare to see any number of agents."""
        centre, near, far = limits
        self._width = width
        self._x, self._y = places(width)
        self._x[-1] = 0  # nowhere is a place of y alone here, which is enough to see nobody
        by_bin = axis_table(width, limits).transpose(1, 2, 0)  # (there, here, bin)
        self._to_bins = by_bin.reshape(width + 1, -1).astype(np.float32)
        # Row r sums r columns from -far on, round the torus as far as the last agent can see.
        columns = (np.arange(width + 2 * far) - far) % width
        covered = np.cumsum(columns[:, None] == np.arange(width), axis=0)
        self._up_to = np.append(np.zeros((1, width)), covered, axis=0).astype(np.float32)
        firsts = np.array([-far, -near, -centre, centre + 1, near + 1, far + 1])
        self._edges = (far + firsts) * (width + 1)

    def counts(self, cells: Positions) -> NDArray[np.float32]:
        """Count who stands where around each agent: (n, N) -> (n, N, 25)."""
        num_copies, width, slots, bins = len(cells), self._width, self._width + 1, len(BINS)
        copy = np.arange(num_copies)[:, None]
        x, y = self._x.take(cells), self._y.take(cells)
        stands = (copy * width + x) * slots + y
        grid = np.bincount(stands.ravel(), minlength=num_copies * width * slots)
        along_y = grid.astype(np.float32).reshape(-1, slots) @ self._to_bins
        sums = np.matmul(self._up_to, along_y.reshape(num_copies, width, slots * bins))
        rows = (copy * len(self._up_to) + x) * slots + y
        # The five counts of a place are one opaque item, copied whole.
        items = sums.reshape(-1, bins).view(f"V{4 * bins}")[:, 0]
        edges = items.take(rows[..., None] + self._edges, mode="clip").view(np.float32)
        edges = edges.reshape(*cells.shape, bins + 1, bins)
        counts: NDArray[np.float32] = edges[..., 1:, :] - edges[..., :-1, :]
        return counts.reshape(*cells.shape, ENTRIES)
