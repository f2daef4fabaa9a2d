"""Rules with what the extra `fast` adds, beside the gradients that they combine.

NumPy's own rules are in the suite `gradient`, as are the gradients, in a process of their own.
"""

import os
from collections.abc import Sequence
from functools import partial

from goals import Faster, Goal
from timing import Case, Work

from suites import Suite
from suites.gradient import TOTALS, aggregation, ruled

_LEAST = 10  # times the rate of the gradients: a tenth of their work
_ASKED = (
    "krum",
    "multi_krum",
    "nnm+krum",
    "geometric_median",
    "caf",
    "mda",
    "mean_of_directions",
    "max_min_mix",
    "fedpg_filter",
    "cge",
    "centered_clipping",
)
# Several Grams, all eigenvectors, a coordinate median first, or all subsets: only shown.
_SHOWN = ("filter", "expert_rank", "monna", "fltrust", "zeno_plus_plus", "dnc", "que", "aksel")
_RULES = _ASKED + _SHOWN


def cases(*, quick: bool) -> Sequence[Case]:
    """Return every rule by total batch."""
    rules = _ASKED if quick else _RULES
    return [
        Case(row=_row(rule), column=f"B={total}", prepare=partial(_with_numba, rule, total))
        for rule in rules
        for total in TOTALS
    ]


def goals(*, quick: bool) -> Sequence[Goal]:
    """Return what share of the gradient work each may take."""
    rules = _ASKED if quick else _RULES
    return [
        Faster(
            section="rules",
            row=_row(rule),
            column=f"B={total}",
            case=f"{_row(rule)} B={total}",
            than=(f"{ruled(None)} B={total}",),
            called="the gradients",
            least=_LEAST if rule in _ASKED else None,
        )
        for rule in rules
        for total in TOTALS
    ]


SUITE = Suite(cases=cases, goals=goals, packages=("numba", "rallypoint", "numpy", "scipy"))


def _row(rule: str) -> str:
    return f"{ruled(rule)} with numba"


def _with_numba(rule: str, total: int) -> Work:
    os.environ["RALLYPOINT_FAST"] = "1"  # in this suite's process only
    return aggregation(rule, total)
