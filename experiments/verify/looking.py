"""All that is looked at in a run's folder, from the cheap to the dear."""

from collections.abc import Iterator

from rallypoint.experiments.experiment import Progress
from rallypoint.experiments.report.manifest_file import is_run
from rallypoint.experiments.report.recorded import Recorded, read_run
from rallypoint.experiments.verify.again import Budget, cheapest, compute_again
from rallypoint.experiments.verify.findings import Finding
from rallypoint.experiments.verify.record import look_at
from rallypoint.experiments.verify.sweep import look_at_cells


def look_at_all(run: Recorded, budget: Budget, progress: Progress) -> Iterator[Finding]:
    """Look at the files of a run and of its cells, then compute the cheapest part again.

    Raises:
        RallypointError: a cell cannot be read, or the run cannot be carried out here.
    """
    yield from look_at(run)
    if run.summary.experiment == "train":
        from rallypoint.experiments.verify.recordings import look_at_recording  # learners

        yield from look_at_recording(run)
    cells = [
        read_run(run.folder / name)
        for name in run.manifest.get("cells", [])
        if is_run(run.folder / name)
    ]
    for cell in cells:
        yield from (_within(cell, finding) for finding in look_at(cell))
    if run.manifest.get("cells"):
        yield from look_at_cells(run, cells)
    if not budget.seconds:
        yield Finding("numbers", "not checked", "--seconds 0: nothing was computed")
    elif run.summary.experiment == "train":
        from rallypoint.experiments.verify.training import train_again  # learners

        yield from train_again(run, budget)
    elif not run.manifest.get("cells"):
        yield from compute_again(run, budget, progress)
    elif cells:
        cell = cheapest(cells)
        yield from (_within(cell, finding) for finding in compute_again(cell, budget, progress))


def _within(cell: Recorded, finding: Finding) -> Finding:
    return finding._replace(what=f"{cell.folder.name}: {finding.what}")
