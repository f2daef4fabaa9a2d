"""Drives an experiment: every finding goes to disk before the next one is computed."""

import dataclasses
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import MappingProxyType
from typing import Any

from rallypoint.agents.rounds.placement import Placement
from rallypoint.claims import Claim
from rallypoint.config import to_dict
from rallypoint.errors import InvalidConfig
from rallypoint.experiments.experiment import (
    Experiment,
    File,
    Finding,
    Metric,
    Progress,
    Receipts,
    Row,
)
from rallypoint.experiments.plan import Plan
from rallypoint.experiments.settings import Cell
from rallypoint.run_folder import RunFolder


def execute(
    plan: Plan,
    progress: Progress,
    told: Callable[[Claim], None],
    folder: RunFolder,
    *,
    placement: Placement | None = None,
    finished: Mapping[str, Iterable[Finding]] = MappingProxyType({}),
) -> None:
    """Run all cells into a plan's folder; told hears of each finished claim.

    On a Ray cluster, if a placement is given: cells side by side, each of them in one process.
    What is finished, by name, is not run again, and its folder is left as it is.
    """
    todo = [cell for cell in plan.cells if cell.name not in finished]
    found = (
        _here(plan, todo, progress)
        if placement is None
        else _there(plan, todo, progress, placement)
    )
    for cell in plan.cells:
        if cell.name in finished:
            _tell(cell, finished[cell.name], folder, told)
        elif plan.is_sweep:
            with open_folder(plan, plan.out / cell.name, config=to_dict(cell.config)) as inner:
                _tell(cell, _kept(next(found), inner), folder, told)
        else:
            for finding in _kept(next(found), folder):
                if isinstance(finding, Claim):
                    told(finding)


def _kept(findings: Iterable[Finding], folder: RunFolder) -> Iterator[Finding]:
    for finding in findings:
        keep(finding, folder)
        yield finding


def _tell(
    cell: Cell, findings: Iterable[Finding], folder: RunFolder, told: Callable[[Claim], None]
) -> None:
    """Keep a cell's findings among those of all cells, so that one file answers."""
    for finding in findings:
        if (seen := within(cell.name, finding)) is not None:
            keep(seen, folder)
            if isinstance(seen, Claim):
                told(seen)


def _here(plan: Plan, todo: Sequence[Cell], progress: Progress) -> Iterator[Iterable[Finding]]:
    """Yield each cell's findings, as they are found."""
    run = plan.experiment.load()
    for cell in todo:
        label = f"{plan.cells.index(cell) + 1}/{len(plan.cells)}"
        shown = _labelled(progress, label) if plan.is_sweep else progress
        yield run(cell.config, plan.seeds, shown)


def _there(
    plan: Plan, todo: Sequence[Cell], progress: Progress, placement: Placement
) -> Iterator[Iterable[Finding]]:
    """Yield each cell's findings, in order, when all of them have been found."""
    from rallypoint.agents.rounds.cluster.errands import spread  # Ray

    errands = [(plan.experiment, cell.config, plan.seeds) for cell in todo]
    with progress("cells on the cluster", len(errands)) as advance:
        for findings in spread(_findings, errands, placement):
            advance()
            yield findings


def _findings(
    experiment: Experiment[Any], config: Any, seeds: tuple[int, ...]
) -> Sequence[Finding]:
    """Return all that a cell finds, with nobody watching."""
    return list(experiment.load()(config, seeds, lambda _, __: nullcontext(_unheard)))


def _unheard(units: int = 1) -> None:
    del units


def open_folder(
    plan: Plan, path: Path, *, config: dict[str, Any], keeps: Sequence[str] = ()
) -> RunFolder:
    """Take the folder of a plan, or of one of its cells; keep these cells in it."""
    about: dict[str, Any] = {"quick": plan.quick}
    if plan.experiment.exhibits:
        about["exhibits"] = [to_dict(exhibit) for exhibit in plan.experiment.exhibits]
    if path == plan.out and plan.is_sweep:
        about["cells"] = [cell.name for cell in plan.cells]
    return RunFolder(
        path,
        experiment=plan.experiment.name,
        config=config,
        seeds=plan.seeds,
        command=plan.command,
        about=about,
        keeps=keeps,
    )


def keep(finding: Finding, folder: RunFolder) -> None:
    """Put a finding where it belongs."""
    match finding:
        case Claim():
            folder.add_claim(finding)
        case Row(values):
            folder.add_row(values)
        case Metric(name, value):
            folder.add_metric(name, value)
        case Receipts(condition, receipts, disagreements):
            folder.add_receipts(condition, receipts, disagreements)
        case File(name, content):
            folder.add_file(name, content)
        case _:
            raise InvalidConfig(f"an experiment yields findings, got {finding!r}")


def within(cell: str, finding: Finding) -> Finding | None:
    """Return a finding of one cell as the whole sweep tells it; files stay in the cell."""
    match finding:
        case Claim():
            return dataclasses.replace(finding, id=f"{finding.id}/{cell}")
        case Row(values):
            return Row({"cell": cell, **values})
        case Metric(name, value):
            return Metric(f"{name}/{cell}", value)
        case Receipts(condition, receipts, disagreements):
            return Receipts(f"{condition}/{cell}", receipts, disagreements)
        case _:
            return None


def _labelled(progress: Progress, cell: str) -> Progress:
    return lambda label, total: progress(f"{cell} {label}", total)


@contextmanager
def stoppable() -> Iterator[None]:
    """Let a polite request to stop (SIGTERM), or a closed terminal (SIGHUP), be what Ctrl-C is."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may ask for signals
        return
    asked = [signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]
    before_by_signal = {
        each: signal.signal(each, signal.default_int_handler)
        for each in asked
        if signal.getsignal(each) != signal.SIG_IGN  # nohup asked for the run to go on
    }
    try:
        yield
    finally:
        for each, before in before_by_signal.items():
            signal.signal(each, before)
