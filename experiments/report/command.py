"""``rallypoint report DIR…``: from folders to one page."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rallypoint.errors import UnwritablePath

if TYPE_CHECKING:
    from rallypoint.experiments.report.recorded import Recorded


@click.command(
    "report",
    short_help="Make one HTML page of what runs found.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.argument(
    "folders",
    metavar="DIR…",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
)
@click.option(
    "--out",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Where the page goes.  [default: DIR/report.html, for several ./report.html]",
)
def report(folders: Sequence[Path], out: Path | None) -> None:
    """Make one HTML page of the runs in DIR…: claims, curves, pictures, receipts, manifest.

    The page needs no network and no other file, and holds no script: mail it, or print it.
    """
    from rallypoint.experiments.report.page import render
    from rallypoint.experiments.report.recorded import read_run
    from rallypoint.experiments.tables import tally
    from rallypoint.files import write_atomically
    from rallypoint.takeover import REPORT

    chosen = list({folder.resolve(): folder for folder in folders}.values())
    _check_runs(chosen)
    page = out or (chosen[0] if len(chosen) == 1 else Path()) / REPORT
    _check_replaceable(page)
    runs: list[Recorded] = [read_run(folder) for folder in chosen]
    content = render(runs).encode("utf-8", errors="replace")
    write_atomically(page, content)
    num_runs = f"{len(runs)} runs, " if len(runs) > 1 else ""
    found = tally([claim for run in runs for claim in run.summary.claims])
    click.echo(f"{page}: {num_runs}{found}; {len(content) / 1e6:.1f} MB")


def _check_runs(folders: Sequence[Path]) -> None:
    from rallypoint.experiments.report.manifest_file import is_run

    for folder in folders:
        if is_run(folder):
            continue
        inner = sorted(str(path.parent) for path in folder.glob("*/manifest.json"))
        hint = (
            f"; give its folders: {' '.join(inner[:3])}{' …' if len(inner) > 3 else ''}"
            if inner
            else " (no manifest.json); give folders that `rallypoint run` wrote"
        )
        raise click.UsageError(f"{folder} holds no run{hint}")


def _check_replaceable(page: Path) -> None:
    """Refuse a place that takes no file, or holds what is no page of ours: a run's results, say."""
    from rallypoint.files import writable_folder
    from rallypoint.takeover import REPORT_SIGN

    beginning = b""
    try:
        if page.is_dir():
            raise click.UsageError(f"{page} is a folder; give a file: --out {page / 'report.html'}")
        if page.exists():
            if not page.is_file():
                raise click.UsageError(f"{page} is no plain file; give another with --out")
            with page.open("rb") as file:
                beginning = file.read(1000)
    except OSError as error:
        raise click.UsageError(f"cannot use {page}: {error.strerror or error}") from error
    if beginning and REPORT_SIGN.encode() not in beginning:
        raise click.UsageError(f"{page} is no report; give another file with --out")
    try:
        writable_folder(page.parent)  # before any work is done, not after
    except UnwritablePath as error:
        raise click.UsageError(f"{error} with --out") from error
