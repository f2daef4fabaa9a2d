"""What must be known about a run to run it again: versions, commit, machine."""

import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from rallypoint.acceleration import SWITCH

_PACKAGES = (
    "rallypoint",
    "numpy",
    "scipy",
    "gymnasium",
    "pettingzoo",
    "msgspec",
    "safetensors",
    "numba",
    "torch",
    "stable-baselines3",
    "ray",
)
BLAS_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_THREAD_VARIABLES = (*BLAS_THREADS, "NUMBA_NUM_THREADS")


def versions() -> dict[str, str]:
    """Return the versions of Python and of what numbers depend on, without importing any.

    So does RALLYPOINT_FAST=1, by which inner products of updates have other last digits.
    """
    found = {"python": platform.python_version()}
    if os.environ.get(SWITCH) == "1":
        found[SWITCH] = "1"
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def commit() -> dict[str, str | bool] | None:
    """Return the commit of the checkout that runs, and whether files differ from it.

    None where rallypoint is installed, where git is missing, or before the first commit.
    """
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():  # else git would find a repository that ours only lies in
        return None
    head = _git(root, "rev-parse", "HEAD")
    if head is None:
        return None
    return {"id": head, "modified": bool(_git(root, "status", "--porcelain"))}


def machine() -> dict[str, str | int | dict[str, str] | None]:
    """Return the CPU, its cores, and how many threads libraries were told to use."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "usable_cores": usable or os.cpu_count(),
        "threads": {name: os.environ[name] for name in _THREAD_VARIABLES if name in os.environ},
        "system": platform.platform(),
        "byte_order": sys.byteorder,
    }


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:  # not Linux
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def _git(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603 - our own arguments
            ["git", "-C", str(root), *arguments],  # noqa: S607 - whichever git the user has
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
