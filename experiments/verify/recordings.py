"""Whether a training's receipts are what it declares, and its recording shows. Plays nothing."""

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
from rallypoint.experiments.verify.findings import Finding, judged, not_installed
from rallypoint.registration import make
from rallypoint.safety.known import spans_of
from rallypoint.safety.receipts import Receipt, disagreements
from rallypoint.safety.receipts.contradictions import faults_of_agents
from rallypoint.safety.recorder import Checks
from rallypoint.safety.recording_files import RECORDING, read_recordings
from rallypoint.safety.recordings import Recording
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.takeover import lies_within

Faults = Callable[[Sequence[Receipt]], list[str]]


def look_at_receipts(run: Recorded) -> Iterator[Finding]:
    """Hold the receipts of a training against what it declares, and its recording, if any."""
    if run.summary.experiment != "train":
        return
    config, told = run.manifest["config"], run.receipts.get("training", [])
    is_recorded = bool(config.get("record"))
    if not (is_recorded or config.get("threats") or told):
        return
    what = "recording" if is_recorded else "threats"
    if run.manifest["status"] != "finished":
        yield Finding(what, "not checked", f"the run was {run.manifest['status']}")
        return
    try:
        training = training_of(run.manifest)
        faults = _faults_by(training, run.folder / RECORDING if is_recorded else None)
    except (UnknownName, Unavailable) as error:  # a part of somebody's package, it may be
        yield not_installed(what, error)
        return
    except RallypointError as error:
        yield Finding(what, "differs", str(error))
        return
    try:  # what is unknown from here on, a file of the run names
        found = faults(_receipts(told))
    except RallypointError as error:
        found = [str(error)]
    same = f"{RECORDING}/ and receipts say the same" if is_recorded else "receipts are as declared"
    yield judged(what, found, compared=same)


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
    receipts = [from_dict(Receipt, entry, where="receipts.json") for entry in entries]
    for receipt in receipts:
        if receipt.occasions is None:  # those of every training tell, or chances are not checked
            raise UnreadableFile(
                f"the receipt of threats[{receipt.index}] ({receipt.kind}) tells of no occasions"
            )
        if receipt.repeats != 1:  # a training starts its world once, or every round by another seed
            raise UnreadableFile(
                f"the receipt of threats[{receipt.index}] ({receipt.kind}) tells of coins that one "
                f"seed started {receipt.repeats} times, and no training starts any twice"
            )
    return receipts


def _faults_by(training: Training, folder: Path | None) -> Faults:
    """Return what says where receipts depart from what was declared, in the world trained in.

    Args:
        training: what was trained, and under which threats.
        folder: of the recording, which receipts are also held against; if there is one.
    """
    for path in () if folder is None else folder.rglob("*"):
        if not path.is_dir() or path.is_symlink():
            check_plain(path)
    if learner_of(training.agent).learner == "contributors":
        team = team_of(training)
        team.world.close()
        model = (training.threats or ThreatModel()).in_world()
        num_in_world = len(model.threats)  # whose receipts come first
        return lambda receipts: (
            _faults_declared(team.world, model, receipts[:num_in_world])
            + team.frames.faults(folder, receipts[num_in_world:])
        )
    model = ThreatModel() if training.threats is None else training.threats.in_world()
    if folder is None:
        world = make(training.env, copies=1, **training.env_settings)
        world.close()
        return partial(_faults_declared, world, model)
    first = next(read_recordings(folder))
    world = make(training.env, copies=first.copies.tolist(), **training.env_settings)
    return partial(_faults_in, world, model, folder)


def _faults_declared(world: BatchEnv, model: ThreatModel, receipts: Sequence[Receipt]) -> list[str]:
    return faults_of_agents(receipts, world.agents) + disagreements(model, receipts)


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
    return faults_of_agents(receipts, world.agents) + checks.faults(receipts)


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
