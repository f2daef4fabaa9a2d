"""``rallypoint run EXPERIMENT``: from words to a plan, and from its end to an exit status."""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rallypoint.errors import RallypointError, Unavailable, UnknownName, UnwritablePath
from rallypoint.experiments.contributing import connected, placement_of, ray_options

if TYPE_CHECKING:
    from rallypoint.agents.rounds.placement import Placement
    from rallypoint.experiments.experiment import Experiment
    from rallypoint.experiments.plan import Plan
    from rallypoint.experiments.report.recorded import Recorded
    from rallypoint.summary import Summary


class Experiments(click.Group):
    """The experiments there are, each a command with the flags of its own config."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return all names, for help and completion."""
        del ctx
        from rallypoint.experiments import experiments

        return sorted([*experiments, *experiments.unavailable])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of one experiment."""
        from rallypoint.experiments import experiments

        if reason := experiments.unavailable.get(cmd_name):
            return _unavailable_command(cmd_name, reason)
        try:
            return experiment_command(experiments[cmd_name])
        except UnknownName as error:
            if ctx.resilient_parsing:  # the shell is completing a line that is not finished
                return None
            raise click.UsageError(str(error)) from error

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Let options stand before the experiment too: ``run --quick gathering``."""
        if not args and not ctx.resilient_parsing:
            known = ", ".join(self.list_commands(ctx)) or "none"
            raise click.UsageError(f"say which experiment to run; known: {known}")
        return super().parse_args(ctx, self.name_first(ctx, args))

    def name_first(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Return the words with the experiment in front, and its options after it."""
        if args and args[0].startswith("-") and args[0] not in ("--help", "-h"):
            known_names = set(self.list_commands(ctx))
            for place, word in enumerate(args):
                if word in known_names and args[place - 1] not in self._take_a_value(ctx, word):
                    return [word, *args[:place], *args[place + 1 :]]
        return args

    def _take_a_value(self, ctx: click.Context, name: str) -> set[str]:
        command = self.get_command(ctx, name)
        options = [] if command is None else command.params
        return {
            flag
            for option in options
            if isinstance(option, click.Option) and not option.is_flag
            for flag in option.opts
        }


def experiment_command(experiment: "Experiment[Any]") -> click.Command:
    """Make the command of one experiment: the flags of every run, and one per setting."""
    smaller = "a smaller budget, " if experiment.quick else ""
    common: list[click.Parameter] = [
        click.Option(
            ["--quick"],
            is_flag=True,
            help=f"Fewer seeds ({experiment.quick_seeds}), {smaller}the same thresholds.",
        ),
        click.Option(
            ["--seeds", "num_seeds"],
            type=int,
            metavar="K",
            help=f"How many seeds.  [default: {experiment.seeds}]",
        ),
        click.Option(
            ["--seed", "first_seed"],
            type=int,
            metavar="S",
            default=0,
            help="The first of them: S to S+K-1.  [default: 0]",
        ),
        click.Option(
            ["--set", "settings"],
            multiple=True,
            metavar="KEY=A,B",
            help="Change a setting; several values make a cell each, in a folder of its own.",
        ),
        click.Option(
            ["--resume"],
            is_flag=True,
            help="Leave the cells of --set as they are that such a run finished in --out.",
        ),
        click.Option(
            ["--strict"],
            is_flag=True,
            help="Exit with 1 if a claim does not hold, unless that is a documented limit.",
        ),
        click.Option(
            ["--out"],
            type=click.Path(path_type=Path),
            metavar="DIR",
            help="Where results go; an earlier run of this experiment there is replaced.  "
            f"[default: runs/{experiment.name}-<time>]",
        ),
        *ray_options("Run the cells of --set side by side"),
    ]
    taken = {str(option.name) for option in common} | {"help", "set", "seed", "seeds"}
    return click.Command(
        experiment.name,
        params=[*common, *_setting_options(experiment, taken)],
        callback=_callback(experiment),
        help=experiment.question,
        context_settings={"help_option_names": ["-h", "--help"]},
    )


def _setting_options(experiment: "Experiment[Any]", taken: set[str]) -> list[click.Option]:
    from rallypoint.experiments.settings import comments, fields, placeholder

    options = []
    comment_by_field = comments(experiment.config)
    for name, hint, default in fields(experiment.config):
        if name in taken:  # still there as --set
            continue
        flag = f"--{name.replace('_', '-')}"
        default_told = "" if default in (None, "") else f"  [default: {default}]"
        about = (comment_by_field.get(name, "") + default_told).strip()
        if hint is bool:
            option = click.Option([f"{flag}/--no-{flag[2:]}", name], default=None, help=about)
        else:
            option = click.Option([flag, name], metavar=placeholder(hint), help=about)
        options.append(option)
    return options


def _callback(experiment: "Experiment[Any]") -> Callable[..., int]:
    def run(
        *,
        resume: bool,
        strict: bool,
        out: Path | None,
        ray: str | None,
        ray_settings: Sequence[str],
        **given: Any,
    ) -> int:
        from rallypoint.experiments.plan import plan_meant
        from rallypoint.experiments.resuming import finished_cells
        from rallypoint.experiments.shared_options import as_plain

        placement = placement_of(ray, as_plain(ray_settings))
        command = click.get_current_context().find_root().obj
        try:
            plan = plan_meant(experiment, given, out=out, command=command)
            plan.check()  # before a folder is made, or taken over
        except Unavailable:
            raise
        except RallypointError as error:
            raise click.UsageError(str(error)) from error
        if resume and (out is None or not plan.is_sweep):
            raise click.UsageError(
                "--resume goes on with a sweep, cell by cell: give its --out, and the same --set "
                "with several values"
            )
        cells = finished_cells(plan) if resume else None
        with connected(placement, len(plan.cells) - len(cells or ())):
            return _carry_out(plan, strict=strict, placement=placement, cells=cells)

    return run


def _carry_out(
    plan: "Plan",
    *,
    strict: bool,
    placement: "Placement | None",
    cells: "Mapping[str, Recorded] | None",  # that were finished before, if that was asked
) -> int:
    from rallypoint.experiments.progress import display
    from rallypoint.experiments.resuming import findings_of
    from rallypoint.experiments.runner import execute, open_folder, stoppable
    from rallypoint.experiments.tables import one_line
    from rallypoint.experiments.telling import told_if_possible

    finished = {name: findings_of(run) for name, run in (cells or {}).items()}
    try:
        folder = open_folder(plan, plan.out, config=plan.config, keeps=tuple(finished))
    except UnwritablePath as error:
        raise click.UsageError(f"{error} with --out") from error
    stopped = None
    try:
        with stoppable(), display() as shown, folder:
            seeds = plan.seeds[0] if len(plan.seeds) == 1 else f"{plan.seeds[0]}–{plan.seeds[-1]}"
            shown.say(f"{plan.experiment.name}, seeds {seeds}, into {plan.out}/")
            if cells is not None:
                shown.say(f"finished before: {', '.join(cells) or 'no cell'}")
            execute(
                plan,
                shown,
                lambda claim: shown.say(one_line(claim)),
                folder,
                placement=placement,
                finished=finished,
            )
    except KeyboardInterrupt:
        stopped = f"interrupted; what is finished is in {plan.out}/"
    except RallypointError as error:
        stopped = f"{error}; what was finished before is in {plan.out}/"
    with told_if_possible():
        found = _found(folder.summary, folder.files, plan, complete=stopped is None)
        sys.stdout.write(found)
    if stopped:
        raise click.ClickException(stopped)
    return _status(folder.summary, folder.disagreements, strict=strict)


def _found(summary: "Summary", files: Sequence[str], plan: "Plan", *, complete: bool) -> str:
    """Say what a run found, in the colours that standard output takes."""
    from rich.console import Console

    from rallypoint.experiments.progress import in_words
    from rallypoint.experiments.tables import caution, cells_table, claims_table, tally
    from rallypoint.takeover import OWN_FILES

    console = Console(highlight=False, emoji=False)
    cells = [c.name for c in plan.cells if plan.is_sweep and (plan.out / c.name).is_dir()]
    with console.capture() as capture:
        if summary.claims:
            table = cells_table if plan.is_sweep else claims_table
            console.print()
            console.print(table(summary.claims, width=console.width))
            if warning := caution(summary.claims):
                console.print(warning, style="dim")
        if summary.claims or not complete:
            console.print(f"{tally(summary.claims)}; {in_words(summary.wall_seconds)}")
        if not complete:
            console.print(_missing(plan, len(cells)))
        more = [name for name in files if name not in OWN_FILES]
        kept = [*sorted(OWN_FILES), *more, *(f"{name}/" for name in cells)]
        console.print(f"In {plan.out}/: {', '.join(kept)}", markup=False)
    return capture.get()


def _missing(plan: "Plan", reached: int) -> str:
    """Say what a run that broke off has not got; how many claims that is, nobody knows."""
    cells = f"; {len(plan.cells) - reached} of {len(plan.cells)} cells were not begun"
    return f"The run is incomplete: claims are missing{cells if plan.is_sweep else ''}."


def _status(summary: "Summary", disagreements: Sequence[str], *, strict: bool) -> int:
    if disagreements:
        raise click.ClickException(
            "the run is invalid and shows nothing: what the threats did is not what the threat "
            f"model says ({disagreements[0]}); receipts.json has all of it"
        )
    missed = [c.id for c in summary.claims if not c.holds and not c.documented_limit]
    if strict and missed:
        raise click.ClickException(f"--strict: not shown to hold: {', '.join(missed)}")
    return 0


def _unavailable_command(name: str, reason: str) -> click.Command:
    def refuse() -> None:
        raise click.ClickException(f"experiment {name!r} cannot be run: {reason}")

    return click.Command(
        name,
        callback=refuse,
        help=f"(unavailable: {reason})",
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )
