"""Trimmed perception: agents leave out the f others that stand farthest off."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from rallypoint.batch_env import Array
from rallypoint.draws import Floats
from rallypoint.safety.defences import Defence, check_bound
from rallypoint.safety.sight import Sight

Around = Literal["self", "median"]


@dataclass(frozen=True, kw_only=True)
class Trimming(Defence):
    """Which others are left out of a percept: the f farthest from oneself, or from the median.

    Around "self" an attacker that stays close is never left out, and honest agents on the far side
    are. Around the "median", the place with the least sum of distances to all, whoever is far from
    where most are is left out, wherever the observer stands.

    Source: dropping the f extreme values, of Bouzid, Potop-Butucaru & Tixeuil (2009), "Byzantine
    Convergence in Robots Networks", arXiv:0905.3967, on a line; a ring has no extremes, so what is
    extreme is said by distance. Ours, in the setting of arXiv:1802.07834.
    """

    around: Around = "median"
    f: int = 1  # how many are left out: the declared bound on those who lie

    def __post_init__(self) -> None:
        """Refuse what is no such rule.

        Raises:
            InvalidConfig: says what cannot be meant.
        """
        check_bound(self.f)

    def perceive(self, percepts: Array, sight: Sight) -> Array:
        """Leave f others out of each percept: (…, entries) -> (…, entries).

        Who is out of sight is left out first. Entries that are shares become shares of those who
        are left.
        """
        others = sight.others(percepts)
        distances = _DISTANCES[self.around](others, sight)
        unseen = np.maximum(sight.num_agents - 1 - others.sum(axis=-1), 0) * sight.is_share
        kept = others - farthest(others, distances, np.maximum(self.f - unseen, 0))
        trimmed = sight.percepts(kept, percepts)
        if not sight.is_share:
            return trimmed
        left = max(sight.num_agents - self.f, 1)
        shares = np.minimum(trimmed * (sight.num_agents / left), sight.highest)
        return shares.astype(percepts.dtype)


def _from_self(others: Floats, sight: Sight) -> Floats:
    return np.broadcast_to(sight.reach.astype(np.float64), others.shape)


def _from_median(others: Floats, sight: Sight) -> Floats:
    """Return how far each place is from the median of all, the observer included."""
    counts = others.copy()
    counts[..., sight.here] += 1
    between = sight.between.astype(np.float64)
    # Of equally good places the nearest to the observer: whole numbers, so exact in any batch.
    most = float(sight.reach.max()) + 1
    middle = ((counts @ between) * most + sight.reach).argmin(axis=-1)  # (…)
    distances: Floats = between[middle]
    return distances


_DISTANCES: dict[str, Callable[[Floats, Sight], Floats]] = {
    "self": _from_self,
    "median": _from_median,
}


def farthest(others: Floats, distances: Floats, number: Floats) -> Floats:
    """Return which of the others (…, entries) are the farthest, so many (…); the fuller first."""
    fullness = others.max() + 1 if others.size else 1.0
    order = np.argsort(-(distances * fullness + others), axis=-1, kind="stable")
    sorted_counts = np.take_along_axis(others, order, axis=-1)
    before = sorted_counts.cumsum(axis=-1) - sorted_counts
    dropped = np.clip(number[..., None] - before, 0, sorted_counts)
    found = np.empty_like(others)
    np.put_along_axis(found, order, dropped, axis=-1)
    return found
