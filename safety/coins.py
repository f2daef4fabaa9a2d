"""How often coins fell, and whether they can be those that were declared.

A run holds many coins, and each may fall oddly by chance. So all that are looked at together share
one level: whoever is honest is suspected in at most that share of runs, however many coins there
are (Bonferroni), by exact tests of a binomial. Where one coin is for several agents at once, nobody
may know how many there were of them each time; then Chernoff's bound stands in for the test.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

LEVEL = 1e-6  # of runs, in which honest coins are taken for others


class Coins(NamedTuple):
    """Coins of one kind, and how often they fell."""

    what: str  # for messages
    fell: int
    tossed: int
    chance: float  # as declared; the mean, if they differ
    repeats: int = 1  # so often the very same tosses may have come again
    fewest: int | None = None  # tosses that there were at least, where `tossed` is the most
    alike: int = 1  # so many of them may be one toss, of one coin for all


def suspicious(coins: Sequence[Coins], level: float = LEVEL) -> list[str]:
    """Say, in sentences, which coins cannot be what they are declared to be.

    Those of chance 0 and 1 are no coins, and are off by one where they are off. Tosses that came
    again with the same seed are evidence once. Counts may be anybody's, who wrote them to a file.

    >>> suspicious([Coins("heads", 1, 2, 0.5), Coins("sixes", 90, 100, 1 / 6)])
    ['sixes: 90 of 100, [0.682, 0.989] of which should hold 0.1667']
    """
    impossible = [one for one in coins if not 0 <= one.fell <= one.tossed or one.repeats < 1]
    found = [f"{one.what}: {one.fell} of {one.tossed}, which cannot be" for one in impossible]
    tossed = [one for one in coins if one.tossed and one not in impossible]
    for one in tossed:
        fewest = one.tossed if one.fewest is None else one.fewest
        if one.chance in (0, 1):
            if not fewest * one.chance <= one.fell <= one.tossed * one.chance:
                due = "all" if one.chance else "none"
                found.append(f"{one.what}: {one.fell} of {one.tossed}, and should be {due}")
        elif (interval := _if_suspicious(one, fewest, level / len(tossed))) is not None:
            low, high = interval
            found.append(
                f"{one.what}: {one.fell} of {one.tossed}, [{low:.3f}, {high:.3f}] of which should "
                f"hold {one.chance:.4g}"
            )
    return found


def _if_suspicious(one: Coins, fewest: int, level: float) -> tuple[float, float] | None:
    """Return the interval of Clopper and Pearson, if the test refuses the chance."""
    from scipy.stats import binom, binomtest  # slow to import, and few coins are tossed

    tossed = max(1, one.tossed // one.repeats)
    fell = round(one.fell * tossed / one.tossed)
    test = binomtest(fell, tossed, one.chance)
    # Whoever tossed least explains few falls best, and whoever tossed most, many.
    few = max(1, fewest // one.repeats)
    if one.alike > 1:
        share, tosses = fell / tossed, tossed
        if share < one.chance:
            share, tosses = min(fell / few, one.chance), few
        p_value = _chernoff(share, one.chance, tosses / one.alike)
    elif fewest < one.tossed:
        above = float(binom.sf(fell - 1, tossed, one.chance))
        p_value = 2 * min(above, float(binom.cdf(fell, few, one.chance)))
    else:
        p_value = test.pvalue
    if p_value >= level:
        return None
    interval = test.proportion_ci(1 - level)
    return float(interval.low), float(interval.high)


def _chernoff(share: float, chance: float, tosses: float) -> float:
    """Return at most how likely a share is so far off, of coins that count for several at once.

    A sum of n_i B_i with n_i <= V, and n in all, has a moment generating function of at most that
    of V times a binomial of n / V, since log(1 - p + p exp(x)) is convex in x and 0 at 0 (Chernoff,
    1952; Hoeffding, 1963, theorem 1).
    """
    apart = sum(
        part * math.log(part / of)
        for part, of in ((share, chance), (1 - share, 1 - chance))
        if part
    )
    return min(1.0, 2 * math.exp(-tosses * apart))
