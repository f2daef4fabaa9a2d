"""Whether a sweep tells what its cells tell, and all of them are there. Computes nothing."""

from collections.abc import Iterator, Sequence
from typing import Any

from rallypoint.experiments.report.recorded import Recorded
from rallypoint.experiments.verify.differences import differences, plain
from rallypoint.experiments.verify.findings import Finding, judged


def look_at_cells(run: Recorded, cells: Sequence[Recorded]) -> Iterator[Finding]:
    """Compare a sweep's own files with those of its cells, which say everything twice."""
    listed = run.manifest.get("cells", [])
    there = [cell.folder.name for cell in cells]
    missing = [f"{name} is missing" for name in listed if name not in there]
    if missing and run.manifest["status"] != "finished":
        reason = f"the run was {run.manifest['status']}; {len(missing)} cells were not reached"
        yield Finding("cells", "not checked", reason)
        return
    seals = run.manifest.get("seals", {})
    missing += [
        f"{name} has no seal in the sweep's manifest"
        for name in there
        if name not in seals and run.manifest["status"] != "running"
    ]
    missing += [
        f"{cell.folder.name} was changed, seal and all, after the sweep"
        for cell in cells
        if cell.folder.name in seals and cell.manifest.get("seal") != seals[cell.folder.name]
    ]
    told = _told([run], by_cell=False)
    found = _told(cells, by_cell=True)
    apart = missing + [f"the sweep's {text}" for text in differences(told, found, tolerance=0)]
    yield judged("cells", apart, compared=f"{len(cells)}, of which the sweep says the same")


def _told(runs: Sequence[Recorded], *, by_cell: bool) -> dict[str, Any]:
    """Return what runs tell, with names as a sweep has them."""
    rows: list[Any] = []
    by_name: dict[str, dict[str, Any]] = {"claims": {}, "metrics": {}, "receipts": {}}
    for run in runs:
        cell = run.folder.name
        end = f"/{cell}" if by_cell else ""
        rows += [{"cell": cell, **row} if by_cell else row for row in run.rows]
        for claim in run.summary.claims:
            by_name["claims"][claim.id + end] = claim.to_dict() | {"id": claim.id + end}
        by_name["metrics"] |= {name + end: value for name, value in run.summary.metrics.items()}
        by_name["receipts"] |= {name + end: value for name, value in run.receipts.items()}
    return {"rows": [plain(dict(row)) for row in rows], **plain(by_name)}
