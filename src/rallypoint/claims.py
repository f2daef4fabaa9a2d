"""Claims: published statements, what was measured of them, and whether they hold."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from rallypoint.errors import InvalidConfig
from rallypoint.expected import Expected
from rallypoint.intervals import Interval, Statistic, bootstrap, estimate

Verdict = Literal["holds", "fails", "undecided"]

LEAST_VALUES = 3  # two values say nothing about their spread


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One published statement under one condition, and what became of it.

    Make one with ``claim_over_seeds``. A claim that is known in advance to fail is published all
    the same, as a *documented limit*: it states what one might hope, its verdict follows the same
    rule, and ``--strict`` forgives it. A negative statement that can be put as a threshold of its
    own ("the greedy policy fails on some start", ``<= 0.5``) is an ordinary claim instead.
    """

    id: str  # "G2/antipodal": the source's letter, or the experiment, and the condition
    statement: str  # one sentence a reader understands without the source
    source: str  # author, year, section; "in the setting of" where its body could not be read
    measured: float | None  # None where there is no finite value
    interval: Interval | None
    level: float  # of the interval
    method: str  # how the interval was found
    n: int  # independent values, as a rule seeds
    expected: Expected
    verdict: Verdict
    documented_limit: bool = False  # known in advance, and documented, not to hold

    def __post_init__(self) -> None:
        """Refuse an id that cannot be one."""
        if not re.fullmatch(r"[\w.,+=-]+(/[\w.,+=-]+)*", self.id):
            raise InvalidConfig(f"a claim's id looks like 'G2/antipodal', got {self.id!r}")

    @property
    def holds(self) -> bool:
        """Whether the claim was shown to hold; undecided is no."""
        return self.verdict == "holds"

    def of_invalid_run(self) -> "Claim":
        """Return the claim as a run reports it whose receipts disagree: nothing was shown."""
        return replace(self, verdict="undecided")

    def to_dict(self) -> dict[str, Any]:
        """Return the claim's entry in ``summary.json``."""
        entry = {
            "id": self.id,
            "statement": self.statement,
            "source": self.source,
            "measured": self.measured,
            "interval": None if self.interval is None else list(self.interval),
            "level": self.level,
            "method": self.method,
            "n": self.n,
            "expected": str(self.expected),
            "verdict": self.verdict,
            "holds": self.holds,
        }
        return entry | ({"documented_limit": True} if self.documented_limit else {})

    @classmethod
    def from_dict(cls, entry: Mapping[str, Any]) -> "Claim":
        """Read an entry of ``summary.json`` that has the right keys and types."""
        rest = {key: value for key, value in entry.items() if key not in ("expected", "holds")}
        interval = rest.pop("interval")
        return cls(
            expected=Expected.parse(entry["expected"]),
            interval=None if interval is None else (interval[0], interval[1]),
            **rest,
        )


def claim_over_seeds(
    id: str,
    values: ArrayLike,
    *,
    statement: str,
    source: str,
    expected: Expected | str,
    statistic: Statistic = "mean",
    level: float = 0.95,
    documented_limit: bool = False,
) -> Claim:
    """Judge a claim by one value per seed.

    Measured is the mean (or median) over seeds, and its interval a percentile bootstrap over
    seeds. With a handful of seeds such an interval is too narrow (``intervals.COVERAGE`` says how
    much); a claim that matters should hold with room to spare, or say "on every seed". The
    interval depends on nothing but the set of values. A value that is not finite was not measured:
    the claim stays undecided.

    Raises:
        InvalidConfig: values are no one-dimensional numbers, the expectation cannot be read, or
            level or statistic cannot be meant.
    """
    if not 0 < level < 1:
        raise InvalidConfig(f"the level of claim {id!r} is a share such as 0.95, got {level!r}")
    if statistic not in get_args(Statistic):
        raise InvalidConfig(f"the statistic of claim {id!r} is mean or median, got {statistic!r}")
    found = np.asarray(values, dtype=np.float64)
    if found.ndim != 1:
        raise InvalidConfig(f"claim {id!r} takes one value per seed, got shape {found.shape}")
    expects = Expected.parse(expected) if isinstance(expected, str) else expected
    usable = found.size > 0 and bool(np.isfinite(found).all())
    measured = estimate(found, statistic=statistic) if usable else None
    interval = bootstrap(found, statistic=statistic, level=level) if usable else None
    worst = expects.worst(found.tolist()) if usable else None
    return Claim(
        id=id,
        statement=statement,
        source=source,
        measured=measured,
        interval=interval,
        level=level,
        method="bootstrap" if statistic == "mean" else f"bootstrap of the {statistic}",
        n=found.size,
        expected=expects,
        verdict=decide(expects, interval, n=found.size, worst=worst),
        documented_limit=documented_limit,
    )


def decide(
    expected: Expected, interval: Interval | None, *, n: int, worst: float | None = None
) -> Verdict:
    """Give the verdict on a claim; no other place does.

    In this order:

    1. *undecided* if there are fewer than three independent values, or no interval;
    2. *fails* if the claim speaks of every seed and the worst one misses its threshold: one
       counter-example is enough, wherever the interval lies;
    3. *holds* if the whole interval clears the threshold;
    4. *fails* if none of it does;
    5. *undecided* otherwise: the interval crosses the threshold.

    Args:
        expected: what the claim says.
        interval: of the statistic, lower end first.
        n: how many independent values it rests on.
        worst: the value that is hardest on the claim; needed where it speaks of every seed.
    """
    if n < LEAST_VALUES or interval is None:
        return "undecided"
    if expected.every_seed is not None:
        if worst is None:
            raise InvalidConfig(f"{str(expected)!r} is about every seed; give the worst one")
        if not expected.clears(worst, expected.every_seed):
            return "fails"
    ends = {expected.clears(end, expected.threshold) for end in interval}
    if ends == {True}:
        return "holds"
    return "fails" if ends == {False} else "undecided"
