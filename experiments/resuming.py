"""Going on with a sweep that broke off: cells that are finished are not run again."""

from collections.abc import Iterator

from rallypoint.config import to_dict
from rallypoint.errors import UnreadableFile
from rallypoint.experiments.experiment import Finding, Metric, Receipts, Row
from rallypoint.experiments.plan import Plan
from rallypoint.experiments.report.manifest_file import is_run
from rallypoint.experiments.report.metric_rows import read_rows
from rallypoint.experiments.report.recorded import Recorded, read_run
from rallypoint.experiments.settings import Cell
from rallypoint.experiments.verify.differences import plain
from rallypoint.manifest import commit, versions
from rallypoint.seals import changed
from rallypoint.takeover import METRICS


def finished_cells(plan: Plan) -> dict[str, Recorded]:
    """Return the cells in a plan's folder that would come out as they are, by name.

    They were finished, by the same rallypoint and libraries, with the same settings and seeds,
    agree with their receipts, and none of their files was changed since.
    """
    found = {}
    for cell in plan.cells if plan.is_sweep else ():
        folder = plan.out / cell.name
        try:
            run = read_run(folder) if is_run(folder) and not folder.is_symlink() else None
        except UnreadableFile:  # it is run again
            continue
        if run is not None and _is_the_same(run, cell, plan):
            found[cell.name] = run
    return found


def findings_of(run: Recorded) -> Iterator[Finding]:
    """Yield once more what a finished cell found; its files lie in its folder."""
    yield from (Row(dict(row)) for row in run.rows)
    yield from run.summary.claims
    yield from (Metric(name, value) for name, value in run.summary.metrics.items())
    yield from (Receipts(condition, told, ()) for condition, told in run.receipts.items())


def _is_the_same(run: Recorded, cell: Cell, plan: Plan) -> bool:
    manifest = run.manifest
    wanted = plain(
        {
            "status": "finished",
            "experiment": plan.experiment.name,
            "config": to_dict(cell.config),
            "seeds": plan.seeds,
            "quick": plan.quick,
            "versions": versions(),
            "commit": commit(),
        }
    )
    return (
        all(manifest.get(key) == value for key, value in wanted.items())
        and run.summary.valid
        and not read_rows(run.folder / METRICS).notes  # which would say that some are left out
        and not changed(run.folder, manifest.get("digests", {"": ""}))
    )
