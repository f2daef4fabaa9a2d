"""``rallypoint verify DIR``: does a run's folder hold what the run found, and is it found again?"""

import math
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rallypoint.errors import RallypointError, Unavailable, UnknownName
from rallypoint.experiments.shared_options import Finite

if TYPE_CHECKING:
    from rallypoint.experiments.report.recorded import Recorded
    from rallypoint.experiments.verify.findings import Finding


def _seal_meant(_: click.Context, __: click.Parameter, given: str | None) -> str:
    """Read a seal, as it may be copied from two lines, before anything is computed."""
    if given is None:
        return ""
    seal = "".join(given.split()).lower()
    if not re.fullmatch("[0-9a-f]{64}", seal):
        raise click.BadParameter(
            f"a seal is 64 hexadecimal digits, as in a manifest; got {given!r}"
        )
    return seal


@click.command(
    "verify",
    short_help="Check that a run is as it was left, and run part of it again.",
)
@click.argument(
    "folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@click.option(
    "--seconds",
    type=Finite(min=0),
    default=120,
    show_default=True,
    help="About how long to compute; 0: only look at the files.",
)
@click.option("--seed", "seeds", type=int, multiple=True, help="Run this seed again; repeatable.")
@click.option("--all", "runs_all", is_flag=True, help="Run all of it again, however long it takes.")
@click.option(
    "--seal",
    callback=_seal_meant,
    metavar="HEX",
    help="Of the run, as it was published: then nothing at all may have changed.",
)
@click.option(
    "--tolerance",
    type=Finite(min=0, max=1),
    default=1e-9,
    show_default=True,
    help="By how much numbers may differ, relatively. Another CPU or NumPy may need 1e-5.",
)
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def verify(
    folder: Path,
    *,
    seconds: float,
    seeds: tuple[int, ...],
    runs_all: bool,
    seal: str,
    tolerance: float,
    as_json: bool,
) -> None:
    """Check that the files in DIR are those the run wrote, and run part of it again.

    As many seeds are run again as there is time for, others each time, and all that the run tells
    of them must come out the same. A file that was changed, a seed that is missing and a number
    that was edited are found, and the exit status is 1. What was not run again is named: an edit
    there, with digests and seal written anew, is found by --all, or by a seal that was published.
    """
    from rallypoint.experiments.progress import display
    from rallypoint.experiments.report.command import check_runs
    from rallypoint.experiments.report.recorded import read_run
    from rallypoint.experiments.runner import stoppable
    from rallypoint.experiments.telling import told_if_possible
    from rallypoint.experiments.verify.again import Budget
    from rallypoint.experiments.verify.findings import not_installed
    from rallypoint.experiments.verify.looking import look_at_all

    if runs_all and seeds:
        raise click.UsageError("--all runs every seed: leave out --seed")
    check_runs([folder])
    run = read_run(folder)
    budget = Budget(math.inf if runs_all else seconds, seeds, tolerance)
    found: list[Finding] = []
    missing: RallypointError | None = None
    with stoppable(), display() as shown:
        try:
            found.extend(look_at_all(run, budget, shown, seal=seal))
        except (UnknownName, Unavailable) as error:  # what was looked at is told all the same
            missing = error
            found.append(not_installed("numbers", error))
    apart = [each for each in found if each.state == "differs"]
    with told_if_possible():
        sys.stdout.write(_as_json(run, found) if as_json else _as_text(found))
    if apart:
        first = apart[0]
        raise click.ClickException(
            f"{folder} does not verify: {first.what}: {first.told}{_other_versions(run)}"
        )
    if missing is not None:
        raise click.ClickException(f"{folder} cannot be run again: {found[-1].told}") from missing


def _as_text(found: "Sequence[Finding]") -> str:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, emoji=False)  # "gymnasium:PACKAGE:ID" is no parcel
    table = Table(box=None, show_header=False, pad_edge=False)
    for _ in range(3):
        table.add_column(overflow="fold")  # a seal is to be read to its end
    colours = {"same": "green", "differs": "red", "not checked": "yellow"}
    for each in found:
        state = f"[{colours[each.state]}]{each.state}[/]"
        table.add_row(each.what, state, each.told.replace("[", r"\["))
    with console.capture() as capture:
        console.print(table)
    return "".join(f"{line.rstrip()}\n" for line in capture.get().splitlines())


def _as_json(run: "Recorded", found: "Sequence[Finding]") -> str:
    from rallypoint.plain_json import to_indented_json

    verified = all(each.state != "differs" for each in found)
    content = {
        "experiment": run.summary.experiment,
        "valid": run.summary.valid,
        "verified": verified,
        "findings": [each._asdict() for each in found],
        "other_versions": _other(run),
    }
    return to_indented_json(content)


def _other_versions(run: "Recorded") -> str:
    """Say what may explain a difference."""
    other = [
        f"{name} {then or 'none'}, here {now or 'none'}"
        for name, (then, now) in _other(run).items()
    ]
    return f"; it was made with {', '.join(other)}" if other else ""


def _other(run: "Recorded") -> dict[str, tuple[str | None, str | None]]:
    from rallypoint.manifest import machine, versions

    placement = run.manifest.get("rounds", {}).get("placement")
    placement = placement if isinstance(placement, dict) else None
    then = {**run.manifest["versions"], **_bits_of(run.manifest["machine"], placement)}
    now = {**versions(), **_bits_of(machine(), None)}
    names = sorted({*then, *now})
    return {n: (then.get(n), now.get(n)) for n in names if then.get(n) != now.get(n)}


def _bits_of(told: Mapping[str, Any], placement: Mapping[str, Any] | None) -> dict[str, str]:
    """Return what decides about last digits on a machine, as a manifest tells of it.

    Ray gives its actors as many threads as CPUs, if the driver says nothing.
    """
    said, own = told.get("threads"), told.get("usable_cores")
    if placement is not None:
        cpus = placement.get("cpus")
        own = int(cpus) if isinstance(cpus, float | int) and 1 < cpus < math.inf else 1
    if isinstance(said, dict):
        own = said.get("OPENBLAS_NUM_THREADS", said.get("OMP_NUM_THREADS", own))
    return {"CPU": str(told.get("cpu")), "threads": str(own)}
