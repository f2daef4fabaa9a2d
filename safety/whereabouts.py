"""Who is where, counted by cell: what goals and attacks on them are made of. Exact in integers."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rallypoint.acceleration import compiled_beside
from rallypoint.batch_env import Geometry, Mask
from rallypoint.draws import Floats, Integers
from rallypoint.safety.ground import Ground

_EXACT = 2**24  # up to which every whole number is a float32
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


def spread_of(geometry: Geometry, who: Mask) -> NDArray[Any]:
    """Return the sum of squared distances from each cell to all those meant: (e, cells)."""
    ground = Ground.of(geometry)
    num_agents, num_cells = who.shape[1], len(geometry.distances)
    largest = num_agents * ground.longest**2
    if num_agents >= num_cells:  # then it is less to count them, cell by cell
        squares = ground.squares(_exact(largest))[:-1]
        counts = counted(geometry, who).astype(squares.dtype, copy=False)
        spread: NDArray[Any] = counts @ squares
        return spread
    present = who & (geometry.positions[..., 0] >= 0)
    stands = np.where(present, geometry.cells(geometry.positions), num_cells)
    squares = ground.squares(np.min_scalar_type(-largest - 1))
    spread = squares.take(stands[:, 0], axis=0)
    for agent in range(1, num_agents):  # one after another: all at once would leave the cache
        spread += squares.take(stands[:, agent], axis=0)
    return spread


def farthest_from_all(geometry: Geometry, who: Mask) -> Integers:
    """Return the cell farthest from the middle of all those meant: (e, N) -> (e,).

    The middle is the cell with the least sum of squared distances to all, the mean of any space
    with distances (Fréchet, 1948). Of equally far cells it is the one with the greatest such sum.
    """
    spread = spread_of(geometry, who)
    candidates = Ground.of(geometry).farthest[spread.argmin(axis=1)]  # (e, m)
    chosen = np.take_along_axis(spread, candidates, axis=1).argmax(axis=1)
    farthest: Integers = candidates[np.arange(len(who)), chosen]
    return farthest


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
    kind = _exact(_most(counts) ** 2 * int(distances.max()))
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
        return steps_towards(geometry, farthest_from_all(geometry, honest))
    moves = np.empty(honest.shape, dtype=np.int64)
    sides = np.ascontiguousarray(geometry.sides, dtype=np.int64)
    positions = np.ascontiguousarray(geometry.positions, dtype=np.int64)
    tables = (sides, ground.squares(np.dtype(np.int32)), ground.farthest, ground.towards)
    fast.away(positions, np.ascontiguousarray(honest), moves, tables)
    return moves


def _exact(largest: int) -> np.dtype[Any]:
    """Return what holds every whole number up to one, in half the bytes where that is enough."""
    return np.dtype(np.float32 if largest < _EXACT else np.float64)


def _most(counts: Floats) -> int:
    return int(counts.sum(axis=1).max(initial=0))
