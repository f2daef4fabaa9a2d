"""``rallypoint report DIR…``: from folders to one page."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rallypoint.errors import UnwritablePath

if TYPE_CHECKING:
    from rallypoint.experiments.report.recorded import Recorded


_FILE = click.Path(path_type=Path)


@click.command(
    "report",
    short_help="Make one HTML page of what runs found.",
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
@click.option("--csv", type=_FILE, metavar="FILE", help="Write all claims as CSV, too.")
@click.option("--latex", type=_FILE, metavar="FILE", help="Write all claims as a LaTeX table, too.")
def report(folders: Sequence[Path], out: Path | None, csv: Path | None, latex: Path | None) -> None:
    """Make one HTML page of the runs in DIR…: claims, curves, pictures, receipts, manifest.

    The page needs no network and no other file, and holds no script: mail it, or print it.
    """
    from rallypoint.experiments.report import table_files
    from rallypoint.experiments.report.page import render
    from rallypoint.experiments.report.recorded import read_run
    from rallypoint.experiments.tables import tally
    from rallypoint.files import write_atomically
    from rallypoint.takeover import REPORT, REPORT_SIGN

    chosen = list({folder.resolve(): folder for folder in folders}.values())
    check_runs(chosen)
    page = out or (chosen[0] if len(chosen) == 1 else Path()) / REPORT
    _check_replaceable(page, REPORT_SIGN, "--out")
    tables = (
        (csv, "--csv", table_files.CSV_SIGN, table_files.as_csv),
        (latex, "--latex", table_files.LATEX_SIGN, table_files.as_latex),
    )
    for table, option, sign, _ in tables:
        if table is not None:
            _check_replaceable(table, sign, option)
    runs: list[Recorded] = [read_run(folder, of_runs=len(chosen)) for folder in chosen]
    content = render(runs).encode("utf-8", errors="replace")
    write_atomically(page, content)
    for table, _, _, written in tables:
        if table is not None:
            write_atomically(table, written(runs).encode("utf-8", errors="replace"))
    num_runs = f"{len(runs)} runs, " if len(runs) > 1 else ""
    claims = [claim for run in runs for claim in run.summary.claims]
    found = tally(claims) if any(run.makes_claims for run in runs) else "no claims are made"
    click.echo(f"{page}: {num_runs}{found}; {len(content) / 1e6:.1f} MB")


def check_runs(folders: Sequence[Path]) -> None:
    """Refuse folders that hold no run, and say which inside of them do.

    Raises:
        UsageError: names the folder.
    """
    from rallypoint.experiments.report.manifest_file import is_run

    for folder in folders:
        if is_run(folder):
            continue
        inner = sorted(str(path.parent) for path in folder.glob("*/manifest.json"))
        hint = (
            f"; give its folders: {' '.join(inner[:3])}{' …' if len(inner) > 3 else ''}"
            if inner
            else " (no manifest.json); give folders that `rallypoint run` or `train` wrote"
        )
        raise click.UsageError(f"{folder} holds no run{hint}")


def _check_replaceable(place: Path, sign: str, option: str) -> None:
    """Refuse a place that takes no file, or holds what is none of ours: a run's results, say."""
    from rallypoint.files import writable_folder

    beginning = b""
    try:
        if place.is_dir():
            name = {"--out": "report.html", "--csv": "claims.csv"}.get(option, "claims.tex")
            raise click.UsageError(f"{place} is a folder; give a file: {option} {place / name}")
        if place.exists():
            if not place.is_file():
                raise click.UsageError(f"{place} is no plain file; give another with {option}")
            with place.open("rb") as file:
                beginning = file.read(1000)
    except OSError as error:
        raise click.UsageError(f"cannot use {place}: {error.strerror or error}") from error
    if beginning and sign.encode() not in beginning:
        what = "report" if option == "--out" else "table of ours"
        raise click.UsageError(f"{place} is no {what}; give another file with {option}")
    try:
        writable_folder(place.parent)  # before any work is done, not after
    except UnwritablePath as error:
        raise click.UsageError(f"{error} with {option}") from error
