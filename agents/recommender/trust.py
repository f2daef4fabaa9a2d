"""The mean of those who are trusted, whose trust can be made fair to other tastes."""

from dataclasses import dataclass

import numpy as np

from rallypoint.config import Config
from rallypoint.draws import Floats, Integers
from rallypoint.envs.checks import check_number, check_size
from rallypoint.errors import InvalidConfig, InvalidUpdates


@dataclass(frozen=True, kw_only=True)
class TrustedMean(Config):
    """Leaves out the f users that are trusted least, and averages the others.

    A user is trusted the more, the nearer its update is to the coordinate median of all: minus its
    distance, as a multiple of the median distance of the round; those whose update is not finite
    are among the f. A ``correction`` is added by favourite topic; ``score_equaliser`` finds one
    that makes groups equally trusted on average.

    >>> rule = TrustedMean(f=1)
    >>> rule(np.array([[1.0], [2.0], [3.0], [9.0]]), np.ones((4, 1)))
    array([2.])
    """

    f: int  # users to leave out
    correction: tuple[float, ...] = ()  # of the trust of each topic's users; none if empty

    def __post_init__(self) -> None:
        """Refuse a number of users that is none, and corrections that are no numbers."""
        check_size("f", self.f, 0)
        for correction in self.correction:
            check_number("a correction", correction)

    def __call__(self, updates: Floats, profiles: Floats) -> Floats:
        """Combine updates (U, d) of users of these profiles (U, r): (d,).

        Raises:
            InvalidConfig: nobody is left, or there are not as many corrections as topics.
            InvalidUpdates: more than f updates are not finite.
        """
        mean: Floats = updates[self.believed(updates, profiles)].mean(axis=0)
        return mean

    def believed(self, updates: Floats, profiles: Floats) -> Integers:
        """Return who is averaged, of equals the first: (U - f,)."""
        if self.f >= len(updates):
            raise InvalidConfig(
                f"leaving out {self.f} of {len(updates)} users leaves nobody; make f smaller"
            )
        has = trust(updates)
        if (lost := int(np.isneginf(has).sum())) > self.f:
            raise InvalidUpdates(
                f"at most f = {self.f} users may send what has no finite length, and {lost} do"
            )
        if self.correction:
            if len(self.correction) != profiles.shape[1]:
                raise InvalidConfig(
                    f"there is a correction for each of {profiles.shape[1]} topics, got "
                    f"{len(self.correction)}"
                )
            has = has + np.take(self.correction, favourites(profiles))
        best: Integers = np.argsort(-has, kind="stable")[: len(updates) - self.f]
        return np.sort(best)


def trust(updates: Floats) -> Floats:
    """Return minus the distances to the coordinate median, over their median: (U,).

    Of those whose length is a number; the others are trusted infinitely little.
    """
    found: Floats = np.full(len(updates), -np.inf)
    with np.errstate(over="ignore"):
        is_finite = np.isfinite(np.linalg.norm(updates, axis=1))
    if not is_finite.any():
        return found
    said = updates[is_finite]
    away = np.linalg.norm(said - np.median(said, axis=0), axis=1)
    usual = np.median(away)
    found[is_finite] = -away / usual if usual > 0 else -away
    return found


def favourites(profiles: Floats) -> Integers:
    """Return the topic that each user is most interested in: (…, U, r) -> (…, U)."""
    best: Integers = profiles.argmax(axis=-1)
    return best
