"""Cautious moves: agents go nowhere that honest ones alone could not have drawn them."""

from dataclasses import dataclass

import numpy as np

from rallypoint.batch_env import Array
from rallypoint.draws import Floats
from rallypoint.safety.defences import Defence, check_bound
from rallypoint.safety.sight import Sight


@dataclass(frozen=True, kw_only=True)
class CautiousMoves(Defence):
    """Agents take a move only if it leads no farther from the range that f liars cannot shift.

    Along each axis, that range is what is left of the places of all when the f lowest and the f
    highest are dropped: it lies among the places of honest agents whoever lies. A move that leads
    away from it is not made. Where more than half might lie nothing is left, and nobody moves.

    Source: the cautious algorithms of Bouzid, Potop-Butucaru & Tixeuil (2009), "Byzantine
    Convergence in Robots Networks", arXiv:0905.3967, which converge on a line with n > 2f if all
    move at once. A ring is cut opposite to the observer here, so that guarantee is lost on it.
    """

    f: int = 1  # the declared bound on those who lie

    def __post_init__(self) -> None:
        """Refuse what is no bound."""
        check_bound(self.f)

    def decide(self, actions: Array, percepts: Array, sight: Sight) -> Array:
        """Stay where the chosen move leads away from the range: (E, n) -> (E, n)."""
        low, high = range_left(percepts, sight, self.f)  # (E, n, k)
        moved = sight.moves[actions]  # (E, n, k)
        leads_on = _outside(moved, low, high) <= _outside(0.0, low, high)
        is_cautious = (leads_on & (low <= high)).all(axis=-1)
        stay = int(np.flatnonzero(~sight.moves.any(axis=1))[0])
        cautious: Array = np.where(is_cautious, actions, stay)
        return cautious


def range_left(percepts: Array, sight: Sight, f: int) -> tuple[Floats, Floats]:
    """Return the lowest and highest offsets left without the f extremes of each side.

    Both (…, k); the lowest lies above the highest where nothing is left.
    """
    counts = sight.others(percepts)
    counts[..., sight.here] += percepts.any(axis=-1)
    lows, highs = [], []
    for offsets in sight.offsets.T:  # few axes
        lows.append(_beyond(counts, offsets, f))
        highs.append(-_beyond(counts, -offsets, f))
    is_left = (counts.sum(axis=-1) > 2 * f)[..., None]
    low, high = np.stack(lows, axis=-1), np.stack(highs, axis=-1)
    return np.where(is_left, low, np.inf), np.where(is_left, high, -np.inf)


def _beyond(counts: Floats, offsets: Array, f: int) -> Floats:
    """Return the least offset (…) up to which more than f are counted, if there are so many."""
    order = np.argsort(offsets, kind="stable")
    reached = counts[..., order].cumsum(axis=-1) > f
    beyond: Floats = offsets[order][reached.argmax(axis=-1)].astype(np.float64)
    return beyond


def _outside(places: Array | float, low: Floats, high: Floats) -> Floats:
    """Return how far outside a range places are: 0 inside."""
    return np.maximum(np.maximum(low - places, places - high), 0.0)
