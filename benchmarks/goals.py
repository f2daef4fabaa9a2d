"""What the measurements ought to say, and whether they do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from timing import Timing


@dataclass(frozen=True, kw_only=True)
class Faster:
    """A case does at least so many times the agent-steps per second of another."""

    section: str  # of the tables of ratios
    row: str
    column: str
    case: str
    than: tuple[str, ...]  # the fastest of these, round by round
    called: str  # what the table calls them
    least: float | None = None  # None: only shown
    aim: float | None = None  # what we hope for beyond
    why: str = ""  # said where it is missed

    @property
    def expected(self) -> str:
        """The goal in a few signs."""
        return "" if self.least is None else f"≥ {self.least:,g}"

    def found(self, timings: Mapping[str, Timing]) -> list[float]:
        """Return the ratio of each round in which both were timed."""
        others = [timings[name].rates for name in self.than if timings[name].rates]
        if not others:
            return []
        fastest = [max(rates) for rates in zip(*others, strict=False)]
        ours = timings[self.case].rates
        return [mine / other for mine, other in zip(ours, fastest, strict=False)]

    def is_met(self, ratio: float) -> bool | None:
        """Whether a ratio is large enough."""
        return None if self.least is None else ratio >= self.least


@dataclass(frozen=True, kw_only=True)
class Within:
    """A piece of a case's work takes at most so many CPU seconds."""

    case: str
    cpu_seconds: float
    share: float = 1.0  # of the whole that is measured; the rest is extrapolated

    @property
    def expected(self) -> str:
        """The goal in a few signs."""
        return f"≤ {self.cpu_seconds:g} s"

    def found(self, timings: Mapping[str, Timing]) -> list[float]:
        """Return the CPU seconds of each round."""
        return [taken / self.share for taken in timings[self.case].cpu_seconds]

    def is_met(self, taken: float) -> bool | None:
        """Whether it is quick enough."""
        return taken <= self.cpu_seconds


@dataclass(frozen=True, kw_only=True)
class AtMost:
    """A piece of a case's work takes at most so many times what others take, added up."""

    case: str
    times: tuple[tuple[float, str], ...]  # how many times which case
    expected: str  # the goal in a few signs
    why: str = ""  # said where it is missed

    @property
    def than(self) -> tuple[str, ...]:
        """The cases it is measured by."""
        return tuple(case for _, case in self.times)

    def found(self, timings: Mapping[str, Timing]) -> list[float]:
        """Return, for each round, the time it took over the time it may take."""
        rounds = zip(*(timings[case].cpu_seconds for case in self.than), strict=False)
        allowed = [
            sum(times * took for (times, _), took in zip(self.times, one, strict=True))
            for one in rounds
        ]
        ours = timings[self.case].cpu_seconds
        return [took / limit for took, limit in zip(ours, allowed, strict=False)]

    def is_met(self, share: float) -> bool | None:
        """Whether it keeps to it."""
        return share <= 1


Goal = Faster | Within | AtMost


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a goal."""

    goal: Goal
    median: float | None  # a ratio, or CPU seconds; None: nothing to compare
    least: float | None
    most: float | None
    met: bool | None


def outcomes(goals: Sequence[Goal], timings: Mapping[str, Timing]) -> list[Outcome]:
    """Compare the measurements with each goal, by the median over rounds."""
    judged = []
    for goal in goals:
        found = goal.found(timings)
        if found:
            middle = median(found)
            met = goal.is_met(middle)
            judged.append(
                Outcome(goal=goal, median=middle, least=min(found), most=max(found), met=met)
            )
        else:
            judged.append(Outcome(goal=goal, median=None, least=None, most=None, met=None))
    return judged


def comparable(goals: Sequence[Goal], timings: Mapping[str, Timing]) -> list[Goal]:
    """Return the goals all of whose cases were to be timed."""
    return [goal for goal in goals if {goal.case, *getattr(goal, "than", ())} <= timings.keys()]
