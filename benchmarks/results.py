"""The measurements as JSON for programs: every sample, on what, and what became of the goals."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from goals import Outcome
from timing import Timing

from rallypoint import manifest


def results(
    timings: Mapping[str, Timing],
    outcomes: Sequence[Outcome],
    versions: Mapping[str, Mapping[str, str]],
) -> dict[str, Any]:
    """Return everything that was measured, and on what."""
    return {
        "format": 2,
        "machine": manifest.machine(),
        "versions": manifest.versions(),
        "versions_by_suite": versions,
        "commit": manifest.commit(),
        "cases": [_case(timing) for timing in timings.values()],
        "goals": [
            {"kind": type(outcome.goal).__name__.lower(), **asdict(outcome)} for outcome in outcomes
        ],
    }


def _case(timing: Timing) -> dict[str, Any]:
    case = timing.case
    return {
        "id": case.id,
        "row": case.row,
        "column": case.column,
        "suite": case.suite,
        "failure": timing.failure,
        "agent_steps_per_cpu_second": timing.rate if timing.samples else None,
        "samples": [sample._asdict() for sample in timing.samples],
    }
