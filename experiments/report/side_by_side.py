"""Runs of one experiment beside each other: each claim's outcome, and the curves."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from rallypoint.claims import Claim
from rallypoint.experiments.report.claim_rows import icon
from rallypoint.experiments.report.differing import names
from rallypoint.experiments.report.drawings import Drawn, draw
from rallypoint.experiments.report.recorded import Recorded
from rallypoint.experiments.report.shown import Shown, shown
from rallypoint.experiments.tables import interval, number, verdict_in_words

_RUN = "run of the page"  # a column that no row has
_ENV = "environment of the run"  # likewise


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
    drawn: Drawn


def comparisons(
    runs: Sequence[Recorded], labels: Sequence[str], *, most: int
) -> tuple[Comparison, ...]:
    """Compare the runs of each experiment that has several; draw at most so many figures each."""
    places_by_experiment: dict[str, list[int]] = {}
    for place, run in enumerate(runs):
        places_by_experiment.setdefault(run.summary.experiment, []).append(place)
    return tuple(
        Comparison(
            experiment,
            tuple(places),
            _rows([runs[place] for place in places]),
            draw(
                shown_beside(
                    [runs[place] for place in places], [labels[p] for p in places], most=most
                )
            ),
        )
        for experiment, places in places_by_experiment.items()
        if len(places) > 1
    )


def shown_beside(runs: Sequence[Recorded], labels: Sequence[str], *, most: int) -> Shown:
    """Draw runs of one experiment together, with a line for all that have the same settings.

    Runs that differ in nothing but their seeds are one line, and all their seeds together are what
    its interval is made of. What was earned in one environment says nothing beside what was earned
    in another: each has a chart of its own.
    """
    called = names(runs, labels)
    envs = [str(run.summary.config.get("env", "")) for run in runs]
    rows = tuple(
        row | {_RUN: name, _ENV: env, "seed": f"{row.get('seed', run.summary.seeds)} of {label}"}
        for run, label, name, env in zip(runs, labels, called, envs, strict=True)
        for row in run.rows
    )
    declared = {repr(exhibit): exhibit for run in runs for exhibit in run.exhibits}
    exhibits = list(declared.values())
    if len(set(envs)) > 1:
        exhibits = [replace(each, panels=(*each.panels, _ENV)) for each in exhibits]
    return shown(exhibits, rows, {}, most=most, beside=_RUN)


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
