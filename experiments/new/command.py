"""``rallypoint new KIND NAME``: begin a package of one's own."""

from pathlib import Path

import click

from rallypoint.errors import RallypointError, UnwritablePath


@click.command(
    "new",
    short_help="Begin a package with a part of your own.",
)
@click.argument(
    "kind", type=click.Choice(["env", "threat", "update-threat", "aggregator", "agent"])
)
@click.argument("name")
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Where it goes, a new or empty folder.  [default: ./NAME]",
)
def new(kind: str, name: str, out: Path | None) -> None:
    """Write a package with one part that works, and its tests, for you to change.

    Once it is installed, rallypoint knows the part by NAME wherever it runs: on the command line,
    in threat files, and in chains of aggregators.
    """
    from rallypoint.experiments.new.skeleton import skeleton
    from rallypoint.files import write_atomically

    try:
        files = skeleton(kind, name)
    except RallypointError as error:
        raise click.UsageError(str(error)) from error
    folder = out or Path(name)
    _check_empty(folder)
    try:
        for path, text in files.items():
            write_atomically(folder / path, text)
    except UnwritablePath as error:
        raise click.UsageError(f"{error} with --out") from error
    # Without a slash pip would look for somebody else's package of that name.
    place = folder if folder.is_absolute() else f"./{folder}"
    lines = [f"In {folder}/: {', '.join(files)}", f"Next: pip install -e '{place}[test]'"]
    click.echo("\n".join([*lines, f"      python -m pytest {place}"]))


def _check_empty(folder: Path) -> None:
    try:
        is_taken = folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
    except OSError as error:
        raise click.UsageError(f"cannot look into {folder}: {error.strerror or error}") from error
    if is_taken:
        raise click.UsageError(f"{folder} exists, and is not empty; give another place with --out")
