"""Computing part of an experiment's run anew, and comparing it with what the run told."""

import dataclasses
import hashlib
import math
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from rallypoint.claims import Claim
from rallypoint.config import from_dict
from rallypoint.errors import InvalidConfig
from rallypoint.experiments import experiments
from rallypoint.experiments.experiment import (
    Experiment,
    File,
    Metric,
    Progress,
    Receipts,
    Row,
)
from rallypoint.experiments.report.recorded import Recorded
from rallypoint.experiments.verify.differences import differences, plain
from rallypoint.experiments.verify.findings import Finding, judged
from rallypoint.manifest import versions
from rallypoint.seals import changed

_CHANCE = secrets.SystemRandom()


class Budget(NamedTuple):
    """How much is computed anew."""

    seconds: float  # about so long; at least one seed, and up to the finding in which they end
    seeds: tuple[int, ...] = ()  # these; as many as there is time for, at random, if empty
    tolerance: float = 0.0  # by how much numbers may differ, relative to the larger


def chosen(cells: Sequence[Recorded], seconds: float) -> list[Recorded]:
    """Return cells of a sweep to run again: the one that took least, and at random what fits in.

    In any order, whoever edited one cell and hoped could tell which are looked at.
    """
    cheapest = min(cells, key=_took)
    taken, left = [cheapest], seconds - _took(cheapest)
    others = [cell for cell in cells if cell is not cheapest]
    for cell in _CHANCE.sample(others, len(others)):
        if _took(cell) <= left:
            taken.append(cell)
            left -= _took(cell)
    return [cell for cell in cells if cell in taken]


def _took(cell: Recorded) -> float:
    seconds: float = cell.manifest["wall_seconds"]
    return seconds


def compute_again(run: Recorded, budget: Budget, progress: Progress) -> Iterator[Finding]:
    """Run some seeds of an experiment again, and compare what they find.

    What a seed finds does not depend on which others run beside it, so its rows must be the same.
    Claims, metrics and receipts are of all seeds, and compared where all of them are run.

    Raises:
        UnknownName, Unavailable: the experiment is not installed here, or cannot run.
        InvalidConfig: its settings are not what the installed version takes, or a seed is none of
            the run's.
    """
    experiment: Experiment[Any] = experiments[run.summary.experiment]
    config = _config(experiment, run)
    seeds = _seeds(run, budget)
    comparison = _Comparison(run, seeds, budget.tolerance)
    until = time.monotonic() + budget.seconds
    ended = True
    for finding in experiment.load()(config, seeds, progress):
        comparison.hear(finding)
        if time.monotonic() > until and seeds != run.summary.seeds:
            ended = False
            break
    yield from comparison.findings(ended=ended)


def _config(experiment: Experiment[Any], run: Recorded) -> Any:
    config = from_dict(experiment.config, run.summary.config)
    default = experiment.config()
    return dataclasses.replace(config, **{at: getattr(default, at) for at in experiment.places})


def _seeds(run: Recorded, budget: Budget) -> tuple[int, ...]:
    there = run.summary.seeds
    if budget.seeds:
        if unknown := set(budget.seeds) - set(there):
            raise InvalidConfig(f"the run has the seeds {listed(there)}, not {min(unknown)}")
        return tuple(seed for seed in there if seed in budget.seeds)
    each = run.summary.wall_seconds / len(there)
    fits = budget.seconds / max(each, 1e-9)
    if fits >= len(there):
        return there
    # Whoever edited some rows must not know which are run again: no seed of ours decides it.
    return tuple(sorted(_CHANCE.sample(there, max(1, int(fits)))))


class _Comparison:
    """What is found now, beside what a run told."""

    def __init__(self, run: Recorded, seeds: tuple[int, ...], tolerance: float) -> None:
        self._run = run
        self._seeds = seeds
        self._tolerance = tolerance
        self._is_whole = seeds == run.summary.seeds
        self._rows: list[dict[str, Any]] = []
        self._whole: dict[str, dict[str, Any]] = {"claims": {}, "metrics": {}, "receipts": {}}
        self._made: dict[str, str] = {}  # digests of plots and other files, by name

    def hear(self, finding: Any) -> None:
        """Keep what is compared."""
        match finding:
            case Row(values):
                self._rows.append(plain(dict(values)))
            case Claim():
                self._whole["claims"][finding.id] = plain(finding.to_dict())
            case Metric(name, value):
                self._whole["metrics"][name] = plain(value)
            case Receipts(condition, receipts, _):
                self._whole["receipts"][condition] = plain(receipts)
            case File(name, content):
                self._made[name] = hashlib.sha256(content).hexdigest()

    def findings(self, *, ended: bool) -> Iterator[Finding]:
        """Compare, once it has ended or there is no more time."""
        ended = ended and self._run.manifest["status"] == "finished"
        yield self._of_rows(ended=ended)
        if rest := [seed for seed in self._run.summary.seeds if seed not in self._seeds]:
            seeds = f"seed{'s' * (len(rest) > 1)} {listed(rest)}"
            yield Finding("not run again", "not checked", f"{seeds}: --all runs every one")
        told = {
            "claims": {claim.id: plain(claim.to_dict()) for claim in self._run.summary.claims},
            "metrics": self._run.summary.metrics,
            "receipts": self._run.receipts,
        }
        for what, found in self._whole.items():
            if told[what] or found:
                yield self._of_all_seeds(what, told[what], found, ended=ended)
        if self._made and self._is_whole:
            yield self._of_made()

    def _of_rows(self, *, ended: bool) -> Finding:
        compared, apart = 0, []
        for seed in (*self._seeds, *((None,) if self._is_whole else ())):
            told, found = _of_seed(self._run.rows, seed), _of_seed(self._rows, seed)
            whose = "rows" if seed is None else f"seed {seed}"
            if ended and len(told) != len(found):
                apart.append(f"{whose}: {len(told)} rows then, {len(found)} now")
            for place, (one, other) in enumerate(zip(told, found, strict=False), start=1):
                at = f"{whose}, row {place}: "
                apart += [at + text for text in differences(one, other, tolerance=self._tolerance)]
                compared += 1
        seeds = f"seed{'s' * (len(self._seeds) > 1)} {listed(self._seeds)}"
        if not compared and not apart:
            return Finding("rows", "not checked", f"none is of {seeds} alone{self._hint()}")
        rest = f" of {len(self._run.rows)}, those of {seeds}" * (not self._is_whole)
        return judged("rows", apart, compared=f"{compared}{rest}")

    def _of_all_seeds(self, what: str, told: Any, found: Any, *, ended: bool) -> Finding:
        if not self._is_whole:
            return Finding(what, "not checked", f"they are of all seeds{self._hint()}")
        if not ended:
            told = {name: value for name, value in told.items() if name in found}
            found = {name: value for name, value in found.items() if name in told}
        apart = list(differences(told, found, tolerance=self._tolerance))
        return judged(what, apart, compared=f"{len(told)} found again")

    def _of_made(self) -> Finding:
        """Compare plots and other files bit by bit; other versions draw otherwise."""
        apart = changed(self._run.folder, self._made)
        if apart and self._run.manifest["versions"] != versions():
            return Finding("plots", "not checked", "other versions may draw them otherwise")
        return judged("plots", apart, compared=f"{len(self._made)} files come out the same")

    def _hint(self) -> str:
        return f": --seconds {math.ceil(1.2 * self._run.summary.wall_seconds) + 1} would do"


def _of_seed(rows: Sequence[Mapping[str, Any]], seed: int | None) -> list[Mapping[str, Any]]:
    """Return the rows of one seed, or those that are of none."""
    if seed is None:
        return [row for row in rows if not isinstance(row.get("seed"), int)]
    return [row for row in rows if row.get("seed") == seed]


def listed(seeds: Sequence[int]) -> str:
    """Say which seeds.

    >>> listed([3, 4, 5]), listed([1, 7, 8, 9])
    ('3–5', '1, 7–9')
    """
    spans: list[list[int]] = []
    for seed in seeds:
        if spans and seed == spans[-1][-1] + 1:
            spans[-1].append(seed)
        else:
            spans.append([seed])
    told = [f"{s[0]}–{s[-1]}" if len(s) > 2 else ", ".join(map(str, s)) for s in spans]
    return ", ".join(told)
