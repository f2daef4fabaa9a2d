"""A page of a hundred runs: how long it takes to make, and how large it is.

    make bench MEASURE=report

One small run of the gathering experiment is carried out; the others are written by the same writer
from what it found, each with numbers, seeds, curves, plots and a film of its own, so that nothing
on the page stands there twice. Then ``rallypoint report`` makes one page of all of them.
"""

import argparse
import io
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageSequence
from processes import ENVIRON
from rich.console import Console
from rich.table import Table

from rallypoint.experiments.report.recorded import Recorded, read_run
from rallypoint.manifest import machine, versions
from rallypoint.plain_json import to_indented_json
from rallypoint.run_folder import RunFolder

_RUNS = 100
_QUICK_RUNS = 20
_SMALL = ("run", "gathering", "--quick", "--set", "cycles=200", "--set", "test_cycles=50")
_GOALS = {"seconds": 20.0, "megabytes": 10.0}  # of the page of a hundred


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, show and write."""
    parser = argparse.ArgumentParser(description="Measure the page of a hundred runs.")
    parser.add_argument("--quick", action="store_true", help=f"{_QUICK_RUNS} runs")
    parser.add_argument("--runs", type=int, metavar="N", help="so many")
    parser.add_argument("--folder", type=Path, help="keep the runs and the page here")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what was measured here")
    chosen = parser.parse_args(arguments)
    count = chosen.runs or (_QUICK_RUNS if chosen.quick else _RUNS)
    with TemporaryDirectory() as temporary:
        found = measured(chosen.folder or Path(temporary), count)
    Console(highlight=False).print(table(found))
    if chosen.json is not None:
        chosen.json.parent.mkdir(parents=True, exist_ok=True)
        about = {"machine": machine(), "versions": versions()}
        chosen.json.write_text(to_indented_json(about | found), encoding="utf-8")


def measured(place: Path, count: int) -> dict[str, Any]:
    """Write so many runs, make their page, and return what it took."""
    first = place / "run-000"
    if not (first / "manifest.json").exists():
        rallypoint(*_SMALL, "--out", str(first))
    run = read_run(first)
    folders = [first]
    for number in range(1, count):
        folders.append(place / f"run-{number:03}")
        if not (folders[-1] / "manifest.json").exists():
            another(run, folders[-1], number)
    page = place / "page.html"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    rallypoint("report", *map(str, folders), "--out", str(page))
    wall = time.monotonic() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {
        "runs": count,
        "seconds": cpu,
        "wall_seconds": wall,
        "megabytes": page.stat().st_size / 1e6,
        "folders_megabytes": sum(
            file.stat().st_size for folder in folders for file in folder.iterdir()
        )
        / 1e6,
    }


def another(run: Recorded, path: Path, number: int) -> None:
    """Write a run like another, in which every number and every picture is a bit different."""
    rng = np.random.default_rng(number)
    seeds = tuple(seed + len(run.summary.seeds) * number for seed in run.summary.seeds)
    seed_of = dict(zip(run.summary.seeds, seeds, strict=True))
    with RunFolder(
        path,
        experiment=run.summary.experiment,
        config=run.summary.config,
        seeds=seeds,
        command=run.manifest["command"],
        about={"quick": True},
    ) as folder:
        for row in run.rows:
            moved = {
                key: value * rng.uniform(0.9, 1.0) if isinstance(value, float) else value
                for key, value in row.items()
            }
            folder.add_row(moved | {"seed": seed_of.get(row.get("seed"), seeds[0])})
        for claim in run.summary.claims:
            by = rng.uniform(0.99, 1.0)
            folder.add_claim(
                claim
                if claim.measured is None or claim.interval is None
                else replace(
                    claim,
                    measured=claim.measured * by,
                    interval=(claim.interval[0] * by, claim.interval[1] * by),
                )
            )
        for name, value in run.summary.metrics.items():
            folder.add_metric(name, value)
        for condition, receipts in run.receipts.items():
            folder.add_receipts(condition, receipts, ())
        for picture in run.pictures:
            folder.add_file(picture.name, numbered(run.folder / picture.name, number))


def numbered(path: Path, number: int) -> bytes:
    """Return a picture with a number on it; of a film, on every fourth of its frames."""
    with Image.open(path) as image:
        every = [frame.convert("RGB") for frame in ImageSequence.Iterator(image)]
        kind = image.format
    frames = every[:: 4 if len(every) > 1 else 1]
    for frame in frames:
        ImageDraw.Draw(frame).text((4, 4), f"{number}", fill="black")
    buffer = io.BytesIO()
    if len(frames) > 1:
        frames[0].save(buffer, format=kind, save_all=True, append_images=frames[1:])
    else:
        frames[0].save(buffer, format=kind)
    return buffer.getvalue()


def rallypoint(*words: str) -> None:
    """Run the command line in a process of its own, and show what it said if it failed."""
    done = subprocess.run(  # noqa: S603 - our own command line
        [sys.executable, "-m", "rallypoint", *words],
        env=os.environ | ENVIRON,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"rallypoint {' '.join(words[:3])} …\n{done.stderr}")


def table(found: dict[str, Any]) -> Table:
    """Lay out what was measured beside the goals, which are those of a hundred runs."""
    shown = Table("", "measured", "goal", "", title=f"One page of {found['runs']} runs")
    for what, unit in (("seconds", "CPU seconds"), ("megabytes", "MB")):
        goal = _GOALS[what] * found["runs"] / _RUNS
        verdict = "[green]met[/]" if found[what] <= goal else "[red]missed[/]"
        shown.add_row(unit, f"{found[what]:.1f}", f"≤ {goal:g}", verdict)
    shown.add_row("seconds by the clock", f"{found['wall_seconds']:.1f}", "", "")
    shown.add_row("MB in the folders", f"{found['folders_megabytes']:.1f}", "", "")
    return shown


if __name__ == "__main__":
    main()
