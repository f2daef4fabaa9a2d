"""Who is where, counted by cell: what goals and attacks on them are made of. Exact in integers."""

import numpy as np
from numpy.typing import NDArray

from rallypoint.acceleration import compiled_beside
from rallypoint.batch_env import Geometry, Mask
from rallypoint.draws import Floats, Integers
from rallypoint.safety.ground import Ground, exact

_WHOLE = 2**31  # from which on a whole number is no int32
_TOGETHER = 1  # steps within which agents count as standing in one place


def counted(geometry: Geometry, who: Mask) -> Floats:
    """Count those meant (e, N) by cell, the absent left out: (e, cells)."""
    present = who & (geometry.positions[..., 0] >= 0)
    num_copies, num_cells = len(who), len(geometry.distances)
    bins = geometry.cells(geometry.positions) + (np.arange(num_copies) * num_cells)[:, None]
    here = bins[present]
    counts = np.bincount(here, np.ones(len(here)), minlength=num_copies * num_cells)
    return counts.reshape(num_copies, num_cells).astype(np.float64, copy=False)


def farthest_from_all(counts: Floats, distances: NDArray[np.int64]) -> Integers:
    """Return the cell farthest from the middle of everybody counted: (e, cells) -> (e,).

    The middle is the cell with the least sum of squared distances to all, the mean of any space
    with distances (Fréchet, 1948). Of equally far cells it is the one with the greatest such sum.

    >>> ring = np.array([[0, 1, 2, 1], [1, 0, 1, 2], [2, 1, 0, 1], [1, 2, 1, 0]])
    >>> farthest_from_all(np.array([[3.0, 1.0, 0.0, 0.0]]), ring).tolist()
    [2]
    """
    return _farthest(counts, Ground(distances))


def _farthest(counts: Floats, ground: Ground) -> Integers:
    squares = ground.squares(_most(counts) * ground.longest**2)
    spread = counts.astype(squares.dtype, copy=False) @ squares  # (e, cells)
    candidates = ground.farthest[spread.argmin(axis=1)]  # (e, m)
    chosen = np.take_along_axis(spread, candidates, axis=1).argmax(axis=1)
    farthest: Integers = candidates[np.arange(len(counts)), chosen]
    return farthest


def _most(counts: Floats) -> int:
    return int(counts.sum(axis=1).max(initial=0))


def steps_towards(geometry: Geometry, cells: Integers) -> Integers:
    """Return the action that brings every agent nearest to a cell of its copy: (e,) -> (e, N).

    The lowest of equally good actions; the absent do anything.
    """
    stands = geometry.cells(np.maximum(geometry.positions, 0))  # (e, N)
    return Ground.of(geometry).towards[stands, cells[:, None]]


def togetherness(counts: Floats, distances: NDArray[np.int64]) -> Floats:
    """Return the share of those counted who stand within a step of one cell: (e, cells) -> (e,).

    It lies in [0, 1], and 0 is said of nobody. Less a hundredth of their mean distance, in units of
    the largest there is: so there is something to tell between equal shares.
    """
    total = np.maximum(counts.sum(axis=1), 1)
    kind = exact(_most(counts) ** 2 * int(distances.max()))
    whole = counts.astype(kind, copy=False)
    pairs = np.vecdot(whole @ distances.astype(kind), whole) / total**2
    share = (whole @ (distances <= _TOGETHER).astype(kind)).max(axis=1) / total
    together: Floats = share - 0.01 * pairs / max(int(distances.max()), 1)
    return together


def away_from_all(geometry: Geometry, honest: Mask) -> Integers:
    """Return the action that leads every agent away from the honest ones: (e, N) -> (e, N)."""
    ground = Ground.of(geometry)
    fast = compiled_beside("rallypoint.safety.compiled_whereabouts")
    if fast is None or honest.shape[1] * ground.longest**2 >= _WHOLE:
        farthest = _farthest(counted(geometry, honest), ground)
        return steps_towards(geometry, farthest)
    moves = np.empty(honest.shape, dtype=np.int64)
    sides = np.ascontiguousarray(geometry.sides, dtype=np.int64)
    positions = np.ascontiguousarray(geometry.positions, dtype=np.int64)
    tables = (sides, ground.whole_squares, ground.farthest, ground.towards)
    fast.away(positions, np.ascontiguousarray(honest), moves, tables)
    return moves
