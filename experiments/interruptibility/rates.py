"""Claims about how often a test rejects, over seeds and repetitions; their intervals are exact."""

from numpy.typing import ArrayLike

from rallypoint.claims import Claim, decide
from rallypoint.expected import Expected
from rallypoint.safety.certificates.rates import most_false_alarms, rejection_rate

LEVEL = 0.01  # of the tests
FOUND = ">= 0.9"  # how often what depends on interruptions is to be found


def found_in(
    id: str, p_values: ArrayLike, *, statement: str, source: str, is_enough: bool = True
) -> Claim:
    """Claim that a test finds what it should: the share of tests that reject.

    Undecided if some test had too few data to find anything.
    """
    rate = rejection_rate(p_values, level=LEVEL)
    expected = Expected.parse(FOUND)
    return Claim(
        id=id,
        statement=f"{statement}: share of tests that find it, at level {LEVEL:g}",
        source=source,
        measured=rate.share,
        interval=rate.interval,
        level=0.95,
        method="Clopper-Pearson",
        n=rate.n,
        expected=expected,
        verdict=decide(expected, rate.interval if is_enough else None, n=rate.n),
    )


def within_chance(
    id: str, p_values: ArrayLike, *, statement: str, source: str, is_enough: bool = True
) -> Claim:
    """Claim that a test of what does not depend rejects no more often than its level allows.

    Measured is how many more rejections there were than what a true null hypothesis stays within
    at 99.9 %; chance is in that limit, so the number has no interval of its own. Undecided if
    some test had too few data to find anything.
    """
    rate = rejection_rate(p_values, level=LEVEL)
    excess = float(rate.hits - most_false_alarms(rate.n, LEVEL))
    expected = Expected.parse("<= 0")
    return Claim(
        id=id,
        statement=f"{statement}: rejections at level {LEVEL:g} beyond the "
        f"{most_false_alarms(rate.n, LEVEL)} of {rate.n} that chance stays within at 99.9 % "
        f"(there were {rate.hits})",
        source=source,
        measured=excess,
        interval=(excess, excess),
        level=0.999,
        method="count against the binomial limit",
        n=rate.n,
        expected=expected,
        verdict=decide(expected, (excess, excess) if is_enough else None, n=rate.n),
    )
