"""All that is looked at in a run's folder, from the cheap to the dear."""

import time
from collections.abc import Iterator, Sequence

from rallypoint.experiments.experiment import Progress
from rallypoint.experiments.report.manifest_file import is_run
from rallypoint.experiments.report.recorded import Recorded, read_run
from rallypoint.experiments.verify.again import Budget, chosen, compute_again
from rallypoint.experiments.verify.findings import Finding
from rallypoint.experiments.verify.record import look_at
from rallypoint.experiments.verify.sweep import look_at_cells


def look_at_all(
    run: Recorded, budget: Budget, progress: Progress, *, seal: str = ""
) -> Iterator[Finding]:
    """Look at the files of a run and of its cells, then compute part of it again.

    Args:
        run: the run.
        budget: how much is computed.
        progress: shows how far it is.
        seal: of the manifest, as it was published; if it was.

    Raises:
        RallypointError: a cell cannot be read, or the run cannot be carried out here.
    """
    yield from look_at(run, seal)
    if run.summary.experiment == "train":
        from rallypoint.experiments.verify.recordings import look_at_receipts  # learners

        yield from look_at_receipts(run)
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
        yield from _cells_again(cells, budget, progress)


def _cells_again(
    cells: Sequence[Recorded], budget: Budget, progress: Progress
) -> Iterator[Finding]:
    until = time.monotonic() + budget.seconds
    done: list[Recorded] = []
    for cell in chosen(cells, budget.seconds):
        left = until - time.monotonic()
        if done and left <= 0:
            break
        own = budget._replace(seconds=max(left, 0))
        yield from (_within(cell, finding) for finding in compute_again(cell, own, progress))
        done.append(cell)
    if rest := [cell.folder.name for cell in cells if cell not in done]:
        what = f"the cell{'s' * (len(rest) > 1)} {', '.join(rest)}"
        yield Finding("not run again", "not checked", f"{what}: --all runs every one")


def _within(cell: Recorded, finding: Finding) -> Finding:
    return finding._replace(what=f"{cell.folder.name}: {finding.what}")
