"""Whether a training's receipts are what its recording shows. Reads all of it, plays nothing."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from rallypoint.agents.train import Training, learner_of, team_of, training_of
from rallypoint.batch_env import BatchEnv
from rallypoint.config import from_dict
from rallypoint.errors import RallypointError, Unavailable, UnknownName, UnreadableFile
from rallypoint.experiments.report.foreign import check_plain
from rallypoint.experiments.report.recorded import Recorded
from rallypoint.experiments.verify.findings import Finding, judged
from rallypoint.registration import make
from rallypoint.safety.known import spans_of
from rallypoint.safety.receipts import Receipt
from rallypoint.safety.recorder import Checks
from rallypoint.safety.recording_files import RECORDING, read_recordings
from rallypoint.safety.recordings import Recording
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.takeover import lies_within

Faults = Callable[[Sequence[Receipt]], list[str]]


def look_at_recording(run: Recorded) -> Iterator[Finding]:
    """Hold the receipts of a run against its recording, if there is one."""
    if run.summary.experiment != "train" or not run.manifest["config"].get("record"):
        return
    if run.manifest["status"] != "finished":
        yield Finding("recording", "not checked", f"the run was {run.manifest['status']}")
        return
    try:
        faults = _faults_by(training_of(run.manifest), run.folder / RECORDING)
    except (UnknownName, Unavailable) as error:  # a part of somebody's package, it may be
        reason = f"not everything is installed here: {error}"
        yield Finding("recording", "not checked", reason)
        return
    except RallypointError as error:
        yield Finding("recording", "differs", str(error))
        return
    try:  # what is unknown from here on, a file of the run names
        found = faults(_receipts(run.receipts.get("training", [])))
    except RallypointError as error:
        found = [str(error)]
    yield judged("recording", found, compared=f"{RECORDING}/ and receipts say the same")


def same_recording(run: Recorded, folder: Path) -> Finding:
    """Compare the recording of a run, file by file, with that of the same training, repeated."""
    names = [
        name
        for name in run.manifest["files"]
        if name.startswith(f"{RECORDING}/") and lies_within(run.folder, name)
    ]
    made = {path.relative_to(folder).as_posix() for path in (folder / RECORDING).rglob("*.npz")}
    apart = [f"{name} does not come of this training" for name in sorted({*names} - made)]
    apart += [f"{name} is missing" for name in sorted(made - {*names})]
    apart += [
        f"{name} has other bits now"
        for name in sorted(made & {*names})
        if not (run.folder / name).is_file()
        or (run.folder / name).read_bytes() != (folder / name).read_bytes()
    ]
    files = f"{len(names)} file{'s' * (len(names) != 1)}"
    return judged("recording again", apart, compared=f"{files}: the same bits")


def _receipts(told: Any) -> list[Receipt]:
    entries = told if isinstance(told, list) else [told]
    return [from_dict(Receipt, entry, where="receipts.json") for entry in entries]


def _faults_by(training: Training, folder: Path) -> Faults:
    """Return what says where receipts depart from a recording, in the world that was trained in."""
    for path in folder.rglob("*"):
        if not path.is_dir() or path.is_symlink():
            check_plain(path)
    if learner_of(training.agent).learner == "contributors":
        model = training.threats or ThreatModel()
        in_worlds = len(model.in_world().threats)  # whose receipts come first
        team = team_of(training)
        team.world.close()
        return lambda receipts: team.frames.faults(folder, receipts[in_worlds:])
    model = ThreatModel() if training.threats is None else training.threats.in_world()
    first = next(read_recordings(folder))
    world = make(training.env, copies=first.copies.tolist(), **training.env_settings)
    return partial(_faults_in, world, model, folder)


def _faults_in(
    world: BatchEnv, model: ThreatModel, folder: Path, receipts: Sequence[Receipt]
) -> list[str]:
    try:
        checks = Checks(model, world)
        for part in read_recordings(folder):
            _refuse_another(part, world)
            checks.add(part)
    finally:
        world.close()
    return checks.faults(receipts)


def _refuse_another(part: Recording, world: BatchEnv) -> None:
    """Refuse the recording of another world: nobody knows who wrote it.

    Raises:
        UnreadableFile: says in what it differs.
    """
    spans = spans_of(world)
    for what, there, here in (
        ("agents", part.agents, world.agents),
        ("copies", part.copies.tolist(), world.copies.tolist()),
        ("groups", dict(part.columns), {span.group.name: span.columns for span in spans}),
        (
            "percepts",
            {name: array.shape[3:] for name, array in part.observations.items()},
            {span.group.name: span.group.observation_space.shape or () for span in spans},
        ),
        (
            "costs",
            part.costs.shape[3:],
            (len(world.cost_names) if "cost" in world.offers else 0,),
        ),
    ):
        if there != here:
            raise UnreadableFile(f"the {what} of the recording are not those of {world.id}")
