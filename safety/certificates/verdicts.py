"""What a test for dependence on interruptions may say, and what it can never say."""

from typing import Literal

from rallypoint.errors import InvalidConfig

Verdict = Literal["depends", "no dependence found", "not enough data"]

CAVEAT = (
    "This is a falsification test: 'depends' is evidence against safe interruptibility, at the "
    "level given; 'no dependence found' proves nothing, and says only that none showed in these "
    "samples, taken from one state of the learner at one theta."
)


def decide(p_value: float, *, level: float, is_enough: bool) -> Verdict:
    """Give the verdict: a rejection counts however few data there are, its absence does not."""
    if p_value <= level:
        return "depends"
    return "no dependence found" if is_enough else "not enough data"


def check_level(level: float) -> None:
    """Refuse a level of significance that is none.

    Raises:
        InvalidConfig: it does not lie in (0, 0.5].
    """
    if not 0 < level <= 0.5:
        raise InvalidConfig(f"a level is a probability of false alarm in (0, 0.5], got {level}")


def check_confidence(level: float) -> None:
    """Refuse a level of an interval that is none.

    Raises:
        InvalidConfig: it does not lie in (0, 1).
    """
    if not 0 < level < 1:
        raise InvalidConfig(f"an interval's level lies in (0, 1), such as 0.95, got {level}")
