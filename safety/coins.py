"""How often coins fell, and whether they can be those that were declared.

A run holds many coins, and each may fall oddly by chance. So all that are looked at together share
one level: whoever is honest is suspected in at most that share of runs, however many coins there
are (Bonferroni), by the exact test of a binomial.
"""

from collections.abc import Sequence
from typing import NamedTuple

LEVEL = 1e-6  # of runs, in which honest coins are taken for others


class Coins(NamedTuple):
    """Coins of one kind, and how often they fell."""

    what: str  # for messages
    fell: int
    tossed: int
    chance: float  # as declared
    repeats: int = 1  # so often the very same tosses may have come again


def suspicious(coins: Sequence[Coins], level: float = LEVEL) -> list[str]:
    """Say, in sentences, which coins cannot be what they are declared to be.

    Those of chance 0 and 1 are no coins, and are off by one where they are off. Tosses that came
    again with the same seed are evidence once.

    >>> suspicious([Coins("heads", 1, 2, 0.5), Coins("sixes", 90, 100, 1 / 6)])
    ['sixes: 90 of 100, [0.682, 0.989] of which should hold 0.1667']
    """
    tossed = [one for one in coins if one.tossed]
    found = []
    for one in tossed:
        if one.chance in (0, 1):
            if one.fell != one.tossed * one.chance:
                due = "all" if one.chance else "none"
                found.append(f"{one.what}: {one.fell} of {one.tossed}, and should be {due}")
        elif (interval := _if_suspicious(one, level / len(tossed))) is not None:
            low, high = interval
            found.append(
                f"{one.what}: {one.fell} of {one.tossed}, [{low:.3f}, {high:.3f}] of which should "
                f"hold {one.chance:.4g}"
            )
    return found


def _if_suspicious(one: Coins, level: float) -> tuple[float, float] | None:
    """Return the interval of Clopper and Pearson, if the exact test refuses the chance."""
    from scipy.stats import binomtest  # slow to import, and few coins are tossed

    tossed = max(1, one.tossed // one.repeats)
    test = binomtest(round(one.fell * tossed / one.tossed), tossed, one.chance)
    if test.pvalue >= level:
        return None
    interval = test.proportion_ci(1 - level)
    return float(interval.low), float(interval.high)
