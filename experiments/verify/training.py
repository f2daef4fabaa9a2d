"""Training again, in this process, and comparing rounds and policy with what a run told."""

import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from rallypoint.agents.gradient.checkpoints import read_blocks
from rallypoint.agents.rounds.recorded import ARRIVALS
from rallypoint.agents.saved import ABOUT
from rallypoint.agents.train import Outcome, Training, check, train, training_of
from rallypoint.errors import UnreadableFile
from rallypoint.experiments.report.foreign import read_foreign_json
from rallypoint.experiments.report.recorded import Recorded
from rallypoint.experiments.verify.again import Budget
from rallypoint.experiments.verify.differences import differences, plain
from rallypoint.experiments.verify.findings import Finding, judged
from rallypoint.experiments.verify.recordings import same_recording
from rallypoint.takeover import lies_within


class _NoMoreTime(Exception):
    """Leaves a training whose time is over."""


def train_again(run: Recorded, budget: Budget) -> Iterator[Finding]:
    """Train again, as long as there is time, and compare.

    What a round is told on a cluster beyond its numbers is not compared: the placement may differ,
    the numbers may not.

    Raises:
        UnreadableFile: the manifest tells of no training.
        RallypointError: the training cannot be carried out here.
    """
    training = _repeatable(training_of(run.manifest), run.folder)
    kind = check(training)
    took = f"{run.summary.wall_seconds:.0f} s"
    long = f"it took {took}; --seconds says how long it may take, and --all lets it"
    if kind != "contributors" and run.summary.wall_seconds > budget.seconds:
        yield Finding("training", "not checked", long)
        return
    rows: list[dict[str, Any]] = []
    until = time.monotonic() + budget.seconds

    def heard(row: Mapping[str, Any]) -> None:
        rows.append(plain(dict(row)))
        if time.monotonic() > until:
            raise _NoMoreTime

    with tempfile.TemporaryDirectory(prefix="rallypoint-verify-") as folder:
        try:
            outcome = train(training, Path(folder), say=heard, blocks=_blocks(training, run.folder))
        except _NoMoreTime:
            yield _rounds(run, rows, budget, ended=False)
            yield Finding("policy", "not checked", long)
            return
        yield _rounds(run, rows, budget, ended=True)
        found = plain(dict(outcome.metrics))
        apart = list(differences(run.summary.metrics, found, tolerance=budget.tolerance))
        yield judged("metrics", apart, compared=f"{len(found)} found again")
        yield _receipts(run, outcome, budget)
        yield _policy(run, Path(folder), budget)
        if training.record:
            yield same_recording(run, Path(folder))


def _blocks(training: Training, folder: Path) -> list[list[int]] | None:
    """Return which contributors lived in one world, wherever that was; None where none tells."""
    team = training.team
    if team is None:
        return None
    try:
        blocks = read_blocks(folder)
    except UnreadableFile:
        return None  # the receipts will tell
    is_theirs = [*chain(*blocks)] == [*range(team.workers)]
    return blocks if is_theirs and team.contributors == "workers" else None


def _repeatable(training: Training, folder: Path) -> Training:
    """Return a training whose delays were real as it is played again, from the record it left."""
    team = training.team
    if team is None or team.protocol_settings.get("delays") not in ("real", {"kind": "real"}):
        return training
    played = {"kind": "recorded", "file": str(folder / ARRIVALS)}
    settings = {**team.protocol_settings, "delays": played}
    return replace(training, team=replace(team, protocol_settings=settings))


def _rounds(run: Recorded, rows: list[dict[str, Any]], budget: Budget, *, ended: bool) -> Finding:
    apart = []
    if ended and len(rows) != len(run.rows):
        apart.append(f"{len(run.rows)} rows then, {len(rows)} now")
    for told, found in zip(run.rows, rows, strict=False):
        shared = [key for key in told if key in found and key != "tally"]
        at = f"round {found.get('round')}"
        apart += differences(
            {key: told[key] for key in shared},
            {key: found[key] for key in shared},
            tolerance=budget.tolerance,
            at=at,
        )
    if not rows and not run.rows:
        return Finding("rounds", "not checked", "this agent tells of none")
    return judged("rounds", apart, compared=f"{min(len(rows), len(run.rows))} of {len(run.rows)}")


def _receipts(run: Recorded, outcome: Outcome, budget: Budget) -> Finding:
    found = [receipt.to_dict() for receipt in outcome.receipts]
    again = {"training": plain(found)} if found else {}
    apart = list(differences(run.receipts, again, tolerance=budget.tolerance))
    return judged("receipts", apart, compared=f"{len(found)} found again")


def _policy(run: Recorded, folder: Path, budget: Budget) -> Finding:
    """Compare parameters bit by bit, and what is said of them; no other file is the agent."""
    kept = [name for name in run.manifest["files"] if lies_within(run.folder, name)]
    names = [name for name in kept if name.endswith(".safetensors")]
    if not names:
        return Finding("policy", "not checked", "it is in no file of parameters alone")
    then, now = ({name: _held(where / name) for name in names} for where in (run.folder, folder))
    apart = [
        f"{name} has other bits now"
        for name in names
        if then[name] is None or then[name] != now[name]
    ]
    for name in (name for name in kept if Path(name).name == ABOUT):
        if (folder / name).is_file():
            told, found = (read_foreign_json(where / name) for where in (run.folder, folder))
            apart += differences(told, found, tolerance=budget.tolerance, at=name)
        else:
            apart.append(f"{name} does not come of this training")
    return judged("policy", apart, compared=f"{', '.join(names)}: the same bits")


def _held(path: Path) -> dict[str, Any] | None:
    """Return what a file of parameters holds, if it is one; its header has no certain order."""
    try:
        with safe_open(path, framework="numpy") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            told = {name: (a.dtype.str, a.shape, a.tobytes()) for name, a in arrays.items()}
            return {"arrays": told, "about": file.metadata()}
    except (OSError, SafetensorError, TypeError, ValueError):
        return None
