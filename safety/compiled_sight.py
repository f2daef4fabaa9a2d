"""What is left of percepts when others are missed: what numba compiles."""

import numpy as np
from numpy.typing import NDArray

from rallypoint.acceleration import compiled

Percepts = NDArray[np.float32]


@compiled(
    "void(Array(float32, 2, 'C', readonly=True), Array(boolean, 2, 'C', readonly=True), "
    "float32[:, ::1], float32[::1], float32, int64)"
)
def miss(  # noqa: PLR0917 - compiled code has no keywords
    percepts: Percepts,  # (k, entries), none of them negative
    coins: NDArray[np.bool_],  # (k, N)
    seen: Percepts,  # (k, entries), written
    entry_by_count: Percepts,  # (N + 1,) what an entry is that counts so many
    unit: np.float32,
    here: int,
) -> None:
    """Leave out of each percept those whose coin has fallen; see ``lossy_sight.fallen_for``."""
    entries, most = percepts.shape[1], np.uint64(coins.shape[1])
    counts = np.empty(entries, np.uint64)
    fallen = np.zeros(coins.shape[1] + 1, np.uint64)  # of the first so many coins
    for row in range(len(percepts)):
        percept = percepts[row]
        told = seen[row]
        sees = False
        for entry in range(entries):
            sees |= percept[entry] > 0
            # By way of a signed number: what becomes of a NaN is then within the table as well.
            count = np.int32(np.rint(percept[entry] / unit))
            counts[entry] = min(np.uint64(max(count, np.int32(0))), most)
        if not sees:  # who is not in the world sees nothing
            told[:] = percept
            continue
        counts[here] -= counts[here] > 0  # the observer is not missed
        for coin in range(len(fallen) - 1):
            fallen[coin + 1] = fallen[coin] + coins[row, coin]
        end = before = np.uint64(0)
        for entry in range(entries):
            end = min(end + counts[entry], most)
            by_then = fallen[end]
            told[entry] = entry_by_count[counts[entry] + before - by_then + (entry == here)]
            before = by_then
