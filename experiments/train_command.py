"""``rallypoint train``: an agent, an environment, and threats."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from rallypoint.errors import RallypointError, UnwritablePath
from rallypoint.experiments.contributing import (
    Stopped,
    connected,
    contributing,
    on_ray,
    placement_of,
    spread_over,
    stopped,
    training_meant,
)
from rallypoint.experiments.shared_options import (
    ENV_SETTINGS,
    THREATS,
    as_plain,
    refuse_invalid,
    threats_of,
)

if TYPE_CHECKING:
    from rallypoint.agents.rounds.placement import Placement
    from rallypoint.agents.train import Outcome, Training
    from rallypoint.run_folder import RunFolder

# What may be said of a training that is gone on with.
_OF_RESUMING = ("resume", "ray", "ray_settings")


@on_ray
@click.command("train")
@click.option("--env", "env_id", metavar="ID", help="See `rallypoint list envs`.")
@click.option("--agent", metavar="NAME", help="See `rallypoint list agents`.")
@THREATS
@click.option(
    "--steps",
    type=int,
    default=100_000,
    show_default=True,
    help="Agent steps in all; a round that is begun is finished.",
)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option(
    "--copies",
    type=int,
    help="Worlds side by side; of learners of tables, teams.  [default: what suits the agent]",
)
@contributing
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Of the agent.")
@ENV_SETTINGS
@click.option(
    "--record",
    is_flag=True,
    help="Write down all that happens, in DIR/recording; of contributors, what they send.",
)
@click.option("--record-vectors", is_flag=True, help="With --record, of updates all their numbers.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where it goes; an earlier training there is replaced.  [default: runs/train-<time>]",
)
@click.option(
    "--resume",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Go on with the training by contributors in DIR, as it was meant; only --ray can be new.",
)
def train(
    *,
    threat_file: Path | None,
    out: Path | None,
    resume: Path | None,
    ray: str | None,
    ray_settings: Sequence[str],
    **given: Any,
) -> None:
    """Train an agent in an environment, under threats if there are any.

    Agents such as ppo, a2c and gpomdp learn from contributors: rollout workers, or the members of
    a team. Their updates are combined by an aggregator, which tolerates that some of them lie.
    """
    from rallypoint.agents.train import check

    placement = placement_of(ray, as_plain(ray_settings))
    stands = None
    if resume is not None:
        _refuse_what_is_new()
        stands = stopped(resume, placement)
        training, out = stands.training, resume
    else:
        try:
            training = training_meant(given, threats_of(threat_file))
            check(training, placement)
        except RallypointError as error:  # nothing was made yet
            raise click.UsageError(str(error)) from error
        out = out or Path("runs") / f"train-{datetime.now().astimezone():%Y%m%d-%H%M%S}"
    with connected(placement, spread_over(training, placement)):
        return _train(training, out, stands=stands, placement=placement)


def _refuse_what_is_new() -> None:
    """Refuse options by which a training that is gone on with would be another one.

    Raises:
        UsageError: names them.
    """
    context = click.get_current_context()
    new = [
        option.opts[0]
        for option in context.command.params
        if option.name not in _OF_RESUMING
        and context.get_parameter_source(str(option.name)) is ParameterSource.COMMANDLINE
    ]
    if new:
        raise click.UsageError(
            "--resume goes on with the training as it was meant, on a cluster or not: leave out "
            f"{', '.join(new)}, or begin another training without --resume"
        )


def _train(
    training: "Training",
    out: Path,
    *,
    stands: "Stopped | None",
    placement: "Placement | None",
) -> None:
    import sys

    from rallypoint.agents.gradient.checkpoints import CHECKPOINT
    from rallypoint.agents.gradient.scalars import EVENTS
    from rallypoint.agents.train import learner_of, settings_of
    from rallypoint.agents.train import train as carry_out
    from rallypoint.config import to_dict
    from rallypoint.experiments.receipt_lines import receipt_lines
    from rallypoint.experiments.runner import stoppable
    from rallypoint.experiments.tables import files_in_words
    from rallypoint.experiments.telling import told_if_possible
    from rallypoint.experiments.train_exhibits import EXHIBITS
    from rallypoint.run_folder import RunFolder
    from rallypoint.safety.recording_files import RECORDING
    from rallypoint.safety.updates.on_record import recorded_in

    command = tuple(click.get_current_context().find_root().obj)
    about: dict[str, Any] = {}
    if stands is not None:  # the words that say what was meant stay where a reader looks for them
        about["resumes"] = [*stands.resumes, command]
        command = stands.command or command
    resume = stands is not None and stands.began  # one without a checkpoint begins anew
    of_rounds = learner_of(training.agent).learner == "contributors"
    # A recording removes itself what it does not go on from.
    recorded = recorded_in(out, RECORDING) if training.record and of_rounds else ()
    try:
        folder = RunFolder(
            out,
            experiment="train",
            config=dict(settings_of(training)),
            seeds=[training.seed],
            command=command,
            about={
                "title": f"{training.agent} learns in {training.env}",
                "exhibits": [to_dict(exhibit) for exhibit in EXHIBITS],
                **about,
            },
            lists=(CHECKPOINT, EVENTS) if of_rounds else (),
            keeps=((CHECKPOINT,) if resume else ()) + recorded,
        )
    except UnwritablePath as error:
        raise click.UsageError(f"{error} with --out") from error
    try:
        with stoppable(), folder:
            outcome = carry_out(
                training,
                out,
                progress_bar=sys.stderr.isatty(),
                say=folder.add_row,
                resume=resume,
                placement=placement,
            )
            _keep(outcome, folder)
    except KeyboardInterrupt as error:
        on = (
            f"; go on with `rallypoint train --resume {out}`"
            if (out / CHECKPOINT).is_file()
            else ""
        )
        raise click.ClickException(f"interrupted; {out}/ holds no trained agent{on}") from error
    lines = [f"{name}: {_short(value)}" for name, value in outcome.metrics.items()]
    lines += receipt_lines(outcome.receipts)
    if outcome.left_out:
        who = f"{training.agent} sends no updates to a server"
        lines.append(f"without {', '.join(outcome.left_out)}: {who}")
    with told_if_possible():
        click.echo("\n".join([*lines, f"In {out}/: {files_in_words(folder.files)}"]))
    refuse_invalid(outcome.disagreements)


def _keep(outcome: "Outcome", folder: "RunFolder") -> None:
    for name, value in outcome.metrics.items():
        folder.add_metric(name, value)
    if outcome.receipts:
        receipts = [receipt.to_dict() for receipt in outcome.receipts]
        folder.add_receipts("training", receipts, outcome.disagreements)
    if outcome.rounds is not None:
        folder.note("rounds", dict(outcome.rounds))
    if outcome.left_out:
        folder.note("left_out", list(outcome.left_out))
    folder.adopt()


def _short(value: Any) -> str:
    if value is None:  # a mean of nothing, as the returns of rounds are in which no episode ended
        return "none"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
