"""Whether the files of a run are those it wrote, and agree among themselves. Computes nothing."""

import math
from collections.abc import Iterator

from rallypoint.claims import decide
from rallypoint.experiments.report.foreign import read_foreign_json
from rallypoint.experiments.report.recorded import Recorded
from rallypoint.experiments.verify.differences import differences
from rallypoint.experiments.verify.findings import Finding, judged
from rallypoint.experiments.verify.meaning import look_at_command
from rallypoint.seals import changed, seal_of
from rallypoint.takeover import MANIFEST, OWN_FILES, lies_within


def look_at(run: Recorded, seal: str = "") -> Iterator[Finding]:
    """Look at one run's folder, or a cell's; it may be known which seal it is to have."""
    yield _seal(run, seal)
    yield _files(run)
    yield look_at_command(run)
    yield _settings(run)
    yield _seeds(run)
    yield _verdicts(run)


def _seal(run: Recorded, published: str) -> Finding:
    told = run.manifest.get("seal")
    if told is None:
        return Finding("manifest", "differs", f"it has no seal{_why_not(run)}")
    found = seal_of(read_foreign_json(run.folder / MANIFEST))
    apart = ["it was changed after the run: its seal is of another"] if found != told else []
    if published and found != published.lower():
        apart.append(f"its seal is {found}, and not the one that was published")
    return judged("manifest", apart, compared=f"seal {found}")


def _files(run: Recorded) -> Finding:
    sealed = run.manifest.get("digests")
    if sealed is None:
        return Finding("files", "differs", f"the manifest has no digests{_why_not(run)}")
    found = changed(run.folder, sealed)
    listed = {
        name
        for name in (*run.manifest["files"], *OWN_FILES)
        if lies_within(run.folder, name) and (run.folder / name).is_file()
    }
    found += [f"{name} has no digest" for name in sorted(listed - {MANIFEST} - set(sealed))]
    return judged("files", found, compared=f"{len(sealed)} as the run left them")


def _why_not(run: Recorded) -> str:
    """Say what may have become of what every run writes when it ends, however it ends."""
    if run.manifest["status"] == "running":
        return (
            ": the run goes on, or was killed; run it again, or take it up with --resume (of "
            "trainings, those from contributors)"
        )
    return f", and every run that is {run.manifest['status']} has: it was taken out"


def _settings(run: Recorded) -> Finding:
    told, summary = run.manifest, run.summary
    apart = differences(
        {"config": told["config"], "seeds": told["seeds"]},
        {"config": summary.config, "seeds": list(summary.seeds)},
        tolerance=0,
    )
    found = [f"{difference} (manifest, summary)" for difference in apart]
    return judged("settings", found, compared="manifest and summary say the same")


def _seeds(run: Recorded) -> Finding:
    with_rows = {row["seed"] for row in run.rows if isinstance(row.get("seed"), int)}
    if not with_rows:
        return Finding("seeds", "not checked", "no row is of a single seed")
    if run.manifest["status"] != "finished":
        reason = f"the run was {run.manifest['status']}; rows may be missing"
        return Finding("seeds", "not checked", reason)
    missing = [f"seed {seed} has no row" for seed in run.summary.seeds if seed not in with_rows]
    return judged("seeds", missing, compared=f"{len(run.summary.seeds)} have rows")


def _verdicts(run: Recorded) -> Finding:
    """Judge claims by their intervals once more; the worst seed is not among what they tell."""
    found = []
    for claim in run.summary.claims:
        best = math.inf if claim.expected.comparison in (">=", ">") else -math.inf
        worsts = (None,) if claim.expected.every_seed is None else (best, -best)
        possible = {
            decide(claim.expected, claim.interval, n=claim.n, worst=worst)
            if run.summary.valid
            else "undecided"
            for worst in worsts
        }
        if claim.verdict not in possible:
            right = " or ".join(sorted(possible))
            found.append(f"{claim.id} says {claim.verdict}, and its interval says {right}")
    return judged("verdicts", found, compared=f"{len(run.summary.claims)} follow from intervals")
