"""What is left of percepts when others are missed: what numba compiles.

Percepts become counts, and counts percepts, in loops over vectors, entry after entry whosoever they
are; only who is missed is found row by row.
"""

import numpy as np
from numpy.typing import NDArray

from rallypoint.acceleration import compiled, inlined

Percepts = NDArray[np.float32]
Counts = NDArray[np.uint32]
Coins = NDArray[np.bool_]

_NOBODY, _SELF, _NONE = np.int32(0), np.uint32(1), np.uint64(0)
_ROWS = 64  # at a time: what is made of them stays in cache


@inlined
def leave_out(  # noqa: PLR0917 - compiled code has no keywords
    counts: Counts, row: int, coins: Coins, percept: int, fallen: NDArray[np.uint64], here: int
) -> bool:
    """Leave out of the counts of a row those whose coin has fallen; return if it counted any."""
    # A row is told by its number: of a slice numba would count the references.
    for coin in range(coins.shape[1]):
        fallen[coin + 1] = fallen[coin] + np.uint64(coins[percept, coin])
    counts_self = counts[row, here] > 0
    counts[row, here] -= np.uint32(counts_self)  # the observer is not missed
    most = np.uint64(coins.shape[1])
    end = before = _NONE
    for entry in range(counts.shape[1]):
        end = min(end + counts[row, entry], most)
        by_then = fallen[end]
        counts[row, entry] += np.uint32(before - by_then)
        before = by_then
    counts[row, here] += _SELF
    return bool(counts_self | (end > _NONE))


@inlined
def sees(percepts: Percepts, percept: int) -> bool:
    """Return whether there is anything in a percept."""
    anything = False
    for entry in range(percepts.shape[1]):
        anything |= percepts[percept, entry] > 0
    return anything


@compiled(
    "void(Array(float32, 2, 'C', readonly=True), Array(boolean, 2, 'C', readonly=True), "
    "float32[:, ::1], float32, float64, float64, int64)"
)
def miss(  # noqa: PLR0917 - compiled code has no keywords
    percepts: Percepts,  # (k, entries), none of them negative
    coins: Coins,  # (k, N)
    seen: Percepts,  # (k, entries), written
    narrow_unit: np.float32,  # the unit, as percepts are divided by it
    unit: float,
    highest: float,
    here: int,
) -> None:
    """Leave out of each percept those whose coin has fallen; see ``lossy_sight.fallen_for``."""
    entries, most = percepts.shape[1], np.int32(coins.shape[1])
    counts = np.empty((_ROWS, entries), np.uint32)
    counted = np.empty(_ROWS, np.bool_)
    fallen = np.zeros(coins.shape[1] + 1, np.uint64)  # of the first so many coins
    for first in range(0, len(percepts), _ROWS):
        some = min(_ROWS, len(percepts) - first)
        flat = percepts[first : first + some].reshape(-1)
        told = seen[first : first + some].reshape(-1)
        numbers = counts[:some].reshape(-1)
        for entry in range(len(flat)):
            # By way of a signed number: what becomes of a NaN is then within bounds as well.
            count = np.int32(np.rint(flat[entry] / narrow_unit))
            numbers[entry] = np.uint32(min(max(count, _NOBODY), most))
        for row in range(some):
            counted[row] = leave_out(counts, row, coins, first + row, fallen, here)
        for entry in range(len(flat)):
            told[entry] = np.float32(min(np.float64(numbers[entry]) * unit, highest))
        for row in range(some):
            percept = first + row
            if not counted[row] and not sees(percepts, percept):
                for entry in range(entries):  # who is not in the world sees nothing
                    seen[percept, entry] = percepts[percept, entry]
