"""The command line: ``rallypoint list``, ``run``, ``train``, ``threats`` and others.

Whatever is not needed for ``--help`` is imported when a command runs, so that it answers at once.
"""

import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from rallypoint import __version__
from rallypoint.errors import RallypointError
from rallypoint.experiments.assess_command import assess
from rallypoint.experiments.evaluate_command import evaluate
from rallypoint.experiments.list_command import list_parts
from rallypoint.experiments.machine import (
    compute_in_one_thread,
    open_what_is_closed,
    what_it_refused,
)
from rallypoint.experiments.new.command import new
from rallypoint.experiments.raised import as_raised
from rallypoint.experiments.report.command import report
from rallypoint.experiments.run_command import Experiments, experiment_command
from rallypoint.experiments.show.command import show
from rallypoint.experiments.telling import as_line
from rallypoint.experiments.threats_command import threats
from rallypoint.experiments.train_command import train
from rallypoint.experiments.verify.command import verify


@click.group(no_args_is_help=False, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="rallypoint")
def cli() -> None:
    """Multi-agent safe-RL research under interruption, deception and Byzantine faults.

    Exit status: 0 when done, 1 when a run could not finish (or, with --strict, a claim did not
    hold), 2 when the command cannot be meant.
    """


cli.add_command(
    Experiments(
        "run",
        short_help="Run an experiment and report its claims.",
        help="Run an experiment and report its claims. `rallypoint run EXPERIMENT --help` shows "
        "what can be set.",
        subcommand_metavar="EXPERIMENT [OPTIONS]",
    )
)
cli.add_command(list_parts)
cli.add_command(report)
cli.add_command(new)
cli.add_command(train)
cli.add_command(evaluate)
cli.add_command(show)
cli.add_command(assess)
cli.add_command(threats)
cli.add_command(verify)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line; every refusal is one line on standard error."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    _finish(cli, words or ["--help"], "rallypoint")


def run_alone(name: str) -> NoReturn:
    """Run one experiment as ``python -m rallypoint.experiments.<name>``."""
    from rallypoint.experiments import experiments

    command = experiment_command(experiments[name])
    _finish(command, sys.argv[1:], f"python -m rallypoint.experiments.{name}")


def _finish(command: click.Command, arguments: list[str], program: str) -> NoReturn:
    open_what_is_closed()
    # A statement with a sign that an old terminal cannot show is no reason to lose the table.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        if not {"-h", "--help", "--version"} & set(arguments):
            compute_in_one_thread()
        status = command.main(
            arguments, prog_name=program, standalone_mode=False, obj=[program, *arguments]
        )
    except click.ClickException as error:
        status = _refuse(error.format_message(), error.exit_code)
    except RallypointError as error:
        status = _refuse(str(error), 1)
    except (KeyboardInterrupt, click.Abort):
        status = _refuse("interrupted", 1)
    except Exception as error:  # noqa: BLE001 - told in a line, or raised again
        status = _refuse(as_raised(error) or what_it_refused(error), 1)
    sys.exit(status if isinstance(status, int) else 0)


def _refuse(message: str, status: int) -> int:
    click.echo(f"Error: {as_line(message)}", err=True)
    return status
