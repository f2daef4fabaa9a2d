"""The six sectors of the paper: what a tabular learner makes of the counts it sees.

An agent keeps, of everybody on the ring, only which share stands in each of six sectors around
it, rounded to ten representatives. A share says nothing about how many there are, so one table
serves any number of agents: that is why ten agents' tables carry a hundred, and why losing ninety
of a hundred changes little (El Mhamdi, Guerraoui, Maurer & Tempez, 2018, arXiv:1802.07834).
"""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rallypoint.envs.gathering.dynamics import Counts

SECTORS = ("central", "near+", "far+", "unknown", "far-", "near-")
REPRESENTATIVES = 10
NUM_PERCEPTS = 3003  # ways to share ten representatives among six sectors: C(15, 5)

TIE_ORDER = (0, 1, 3, 5, 4, 2)  # a leftover goes to central near+ near- far+ far- unknown
_CHUNK = 8192  # rows whose temporaries stay in cache


def sector_of_offset(cells: int) -> NDArray[np.int64]:
    """Return the sector of each offset 0 … L - 1 ahead, as an index into SECTORS: (L,).

    At L = 13 the sectors hold 3, 2, 2, 2, 2, 2 cells. The antipode of an even ring lies on neither
    side and counts as unknown.

    >>> sector_of_offset(13).tolist()
    [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 0]
    """
    ahead = np.arange(cells)
    distance = np.minimum(ahead, cells - ahead)
    is_ahead = ahead < cells - ahead
    near = 4 - (13 - cells) // 5  # the paper's 3c + 1 + ceil((L - 13) / 5) with c = 1
    far = 6 - (13 - cells) // 3
    sector = np.full(cells, SECTORS.index("unknown"))
    sector[distance < far] = np.where(is_ahead, 2, 4)[distance < far]
    sector[distance < near] = np.where(is_ahead, 1, 5)[distance < near]
    sector[2 * ahead == cells] = SECTORS.index("unknown")
    sector[distance < 2] = SECTORS.index("central")
    return sector


def representatives(counts: NDArray[np.integer]) -> NDArray[np.int64]:
    """Share ten representatives among the sectors by largest remainder: (…, 6) -> (…, 6).

    Nobody in view yields none.

    >>> representatives(np.array([3, 0, 0, 4, 0, 0])).tolist()
    [4, 0, 0, 6, 0, 0]
    """
    by_sector = np.moveaxis(np.asarray(counts), -1, 0)
    shares: NDArray[np.int64] = np.moveaxis(shared_out(by_sector), 0, -1).astype(np.int64)
    return shares


def shared_out(by_sector: NDArray[Any]) -> NDArray[np.float64]:
    """Share ten representatives out, sectors first: (6, …) -> (6, …), whole numbers.

    Floats, since dividing them is many times faster; below 2**50 agents every step is exact.
    """
    tens = REPRESENTATIVES * np.ascontiguousarray(by_sector, dtype=np.float64)
    total = np.maximum(tens.sum(axis=0) / REPRESENTATIVES, 1)
    whole = np.floor(tens / total)
    remainder = tens - whole * total
    leftover = REPRESENTATIVES - whole.sum(axis=0)
    # Distinct keys: the larger remainder first, then the order of ties.
    keys = 6 * remainder - np.reshape(TIE_ORDER, (6, *(1,) * total.ndim))
    is_behind = keys[None] > keys[:, None]  # (6, 6, …)
    rank = is_behind.view(np.int8).sum(axis=1, dtype=np.int8)
    is_served = (rank < leftover) & (remainder > 0)
    shares: NDArray[np.float64] = whole + is_served
    return shares


def percept_index(counts: Counts, cells: int) -> NDArray[np.int64]:
    """Number the percept of each row of counts: (…, L) -> (…,), in 0 … 3002.

    Nobody in view is percept 0, as everybody unknown is: no agent of the ring ever sees it, since
    it counts itself.
    """
    rows = counts.reshape(-1, cells)
    index = np.empty(len(rows), dtype=np.int64)
    for start in range(0, len(rows), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        index[chunk] = _number(rows[chunk], cells)
    return index.reshape(counts.shape[:-1])


def _number(rows: Counts, cells: int) -> NDArray[np.int64]:
    key_and_total = np.asarray(rows, dtype=np.float32) @ _to_key(cells)  # (F, 2), exact to 2**24
    total = int(key_and_total[0, 1]) if len(rows) else 1
    is_exact = total > 0 and REPRESENTATIVES % total == 0
    if is_exact and (key_and_total[:, 1] == total).all():  # nothing to round: one product is enough
        keys = key_and_total[:, 0].astype(np.int64) * (REPRESENTATIVES // total)
    else:
        keys = (digits() @ shared_out(sector_matrix(cells).T @ rows.T)).astype(np.int64)
    return percept_by_key().take(keys)


def digits() -> NDArray[np.int64]:
    """Return what a representative of each sector adds to a percept's key: (6,)."""
    # Base 11, one digit a sector; the last, unknown, follows from the others and weighs nothing.
    return np.array([11**4, 11**3, 11**2, 0, 11, 1])


@cache
def percept_by_key() -> NDArray[np.int64]:
    """Return the number of the percept of each key: (11**5,)."""
    shares = np.stack(np.unravel_index(np.arange(11**5), (11,) * 5), axis=1)
    possible = np.flatnonzero(shares.sum(axis=1) <= REPRESENTATIVES)
    percepts = np.zeros(11**5, dtype=np.int64)
    percepts[possible] = np.arange(len(possible))
    return percepts


@cache
def sector_matrix(cells: int) -> Counts:
    """Return what turns counts by offset into counts by sector, as a product: (L, 6)."""
    return np.eye(6, dtype=np.float32)[sector_of_offset(cells)]


@cache
def _to_key(cells: int) -> Counts:
    """Return what turns counts by offset into a key and their total, as a product: (L, 2)."""
    key = digits()[sector_of_offset(cells)]
    return np.stack([key, np.ones(cells)], axis=1).astype(np.float32)
