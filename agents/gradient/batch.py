"""What a contributor learns from: its rows of a fragment, in pieces of one size."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rallypoint.agents.gradient.perceptron import Floats
from rallypoint.batch_env import Array, Mask


class Batch(NamedTuple):
    """Rows by contributor, (R, n, b, …); those of weight 0 only fill up."""

    seen: Floats  # (R, n, b, inputs)
    actions: Array  # (R, n, b) or (R, n, b, K)
    gains: Floats  # (R, n, b) by how much each action was better than expected
    weights: Floats  # (R, n, b) >= 0
    old_logs: Floats | None = None  # (R, n, b) log-probabilities when it was played
    targets: Floats | None = None  # (R, n, b) for the critic
    central: Floats | None = None  # (R, n, b, S) what a central critic sees
    cost_targets: Floats | None = None  # (R, n, b) for the critic of costs
    episodes: NDArray[np.int64] | None = None  # (R, n, b) of which episode a row is, by number
    allowed: Mask | None = None  # (R, n, b, K) actions that were not forbidden, where some were

    def pieces(self, order: NDArray[np.int64], ends: Sequence[int]) -> Iterator["Batch"]:
        """Yield rows of each contributor in an order (R, n, b), up to one end after another.

        All are put in order at once, and each piece is cut off of that, as memory of its own would
        lie: to pick a small piece's rows by themselves takes several times as long.
        """
        runs, count, length = self.weights.shape
        cuts = [slice(start, end) for start, end in pairwise([0, *ends])]
        firsts = np.arange(0, runs * count * length, length).reshape(runs, count, 1)
        places = firsts + order
        laid = np.concatenate([places[..., cut].ravel() for cut in cuts])
        ordered = self.each(lambda part: part.reshape(-1, *part.shape[3:]).take(laid, axis=0))
        for cut in cuts:
            here = slice(runs * count * cut.start, runs * count * cut.stop)
            shape = (runs, count, cut.stop - cut.start)
            yield ordered.each(partial(_cut, here=here, shape=shape))

    def each(self, change: Callable[[Any], Any]) -> "Batch":
        """Return the batch with every array in it changed alike."""
        return Batch._make(None if part is None else change(part) for part in self)


def counts(acting: Mask) -> NDArray[np.int64]:
    """Return how many rows each contributor has: (R, n, b) -> (R, n)."""
    found: NDArray[np.int64] = np.count_nonzero(acting, axis=-1)
    return found


def evened(part: Any, acting: Mask, piece: int) -> Any:
    """Put the rows in which somebody acts first, and cut the rest as far as it fills no piece.

    What comes back is (R, n, m, …) with m a multiple of ``piece`` that holds the most rows that a
    contributor has; what stands behind a contributor's own rows is 0.
    """
    most = int(counts(acting).max(initial=0))
    length = max(1, -(-most // piece)) * piece
    order = np.argsort(~acting, axis=-1, kind="stable")[..., :length]
    taken = _taken(part, order)
    if taken.shape[2] < length:
        room = [(0, 0), (0, 0), (0, length - taken.shape[2])]
        taken = np.pad(taken, room + [(0, 0)] * (taken.ndim - 3))
    filled = np.arange(length) < counts(acting)[..., None]
    taken[~filled] = 0
    return taken


def _taken(part: Any, rows: NDArray[np.int64]) -> Any:
    runs, count, length = part.shape[:3]
    # One flat index and take: several times faster than taking along an axis.
    firsts = np.arange(0, runs * count * length, length).reshape(runs, count, 1)
    return part.reshape(-1, *part.shape[3:]).take(rows + firsts, axis=0)


def _cut(part: Any, here: slice, shape: tuple[int, ...]) -> Any:
    return part[here].reshape(*shape, *part.shape[1:])
