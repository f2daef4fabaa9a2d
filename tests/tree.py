"""The checkout, as the tests of the house see it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = ("agents", "envs", "experiments", "safety")


def python_files() -> Iterator[str]:
    """Yield every module of ours by its real path, relative to the root."""
    for pattern in (
        "src/rallypoint/*.py",
        *(f"{folder}/**/*.py" for folder in (*FOLDERS, "benchmarks", "tests")),
    ):
        for path in sorted(ROOT.glob(pattern)):
            yield path.relative_to(ROOT).as_posix()


def python(*arguments: str, cwd: Path = ROOT, **environ: str) -> str:
    """Run a fresh Python and return what it prints; a failure shows all it said."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env=os.environ | environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{arguments}:\n{done.stdout}\n{done.stderr}"
    return done.stdout
