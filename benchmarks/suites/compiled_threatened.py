"""Our worlds under threat files, beside the same worlds under none, both with the extra `fast`."""

import os
from collections.abc import Sequence

from goals import Goal
from timing import Case, Work

from suites import Suite
from suites.threatened import OWN, cases_of, goals_of, ready

_HOW = " with numba"


def cases(*, quick: bool) -> Sequence[Case]:
    """Return each world under each file and under none."""
    del quick
    return cases_of(OWN, _with_numba, how=_HOW)


def goals(*, quick: bool) -> Sequence[Goal]:
    """Return that a file costs at most 30 % of what a world does without it."""
    del quick
    return goals_of(OWN, how=_HOW)


SUITE = Suite(cases=cases, goals=goals, packages=("numba", "rallypoint", "numpy"))


def _with_numba(world: str, copies: int, file: str | None) -> Work:
    os.environ["RALLYPOINT_FAST"] = "1"  # in this suite's process only
    return ready(world, copies, file)
