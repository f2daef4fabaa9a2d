"""Runs of one experiment beside each other: what differs between them, and each claim's outcome."""

from collections.abc import Sequence
from typing import NamedTuple

from rallypoint.claims import Claim
from rallypoint.experiments.report.claim_rows import icon
from rallypoint.experiments.report.recorded import Recorded
from rallypoint.experiments.report.words import setting
from rallypoint.experiments.tables import interval, number, verdict_in_words


class Outcome(NamedTuple):
    """One claim in one run."""

    icon: str
    verdict: str
    measured: str
    interval: str


class Comparison(NamedTuple):
    """A table with a row per claim, and a column per run."""

    experiment: str
    places: tuple[int, ...]  # which runs of the page
    rows: tuple[tuple[str, str, tuple[Outcome | None, ...]], ...]  # id, expected, outcomes


def comparisons(runs: Sequence[Recorded]) -> tuple[Comparison, ...]:
    """Compare the runs of each experiment that has several."""
    places_by_experiment: dict[str, list[int]] = {}
    for place, run in enumerate(runs):
        places_by_experiment.setdefault(run.summary.experiment, []).append(place)
    return tuple(
        Comparison(experiment, tuple(places), _rows([runs[place] for place in places]))
        for experiment, places in places_by_experiment.items()
        if len(places) > 1
    )


def differences(runs: Sequence[Recorded]) -> list[str]:
    """Say for each run in which settings it differs from the others of its experiment."""
    return [
        _differences(run, [o for o in runs if o.summary.experiment == run.summary.experiment])
        for run in runs
    ]


def _differences(run: Recorded, alike: Sequence[Recorded]) -> str:
    return ", ".join(
        f"{key} = {setting(content)}"
        for key, content in run.summary.config.items()
        if any(other.summary.config.get(key) != content for other in alike)
    )


def _rows(
    runs: Sequence[Recorded],
) -> tuple[tuple[str, str, tuple[Outcome | None, ...]], ...]:
    claims_by_run = [{claim.id: claim for claim in run.summary.claims} for run in runs]
    # In the order of the first run that has them; an interrupted run has fewer.
    names = dict.fromkeys(name for claims in claims_by_run for name in claims)
    rows = []
    for name in names:
        held = [claims.get(name) for claims in claims_by_run]
        expected = dict.fromkeys(str(claim.expected) for claim in held if claim is not None)
        rows.append((name, " / ".join(expected), tuple(map(_outcome, held))))
    return tuple(rows)


def _outcome(claim: Claim | None) -> Outcome | None:
    if claim is None:
        return None
    return Outcome(icon(claim), verdict_in_words(claim), number(claim.measured), interval(claim))
