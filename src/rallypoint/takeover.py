"""Taking over the folder of an earlier run: what is ours goes, what is not stays."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rallypoint.errors import UnreadableFile, UnwritablePath
from rallypoint.files import LOCK, FolderLock
from rallypoint.plain_json import read_json

MANIFEST, METRICS, RECEIPTS, SUMMARY = OWN_FILES = (
    "manifest.json",
    "metrics.jsonl",
    "receipts.json",
    "summary.json",
)

# The page that `rallypoint report` puts into a run's folder, and how we know it from others.
REPORT = "report.html"
REPORT_SIGN = '<meta name="generator" content="rallypoint'

_NAME = r"(?!\.)[\w.,+=-]+(/(?!\.)[\w.,+=-]+)*"


def check_free(path: Path, experiment: str) -> None:
    """Refuse a place that holds anything but an earlier run of the same experiment.

    Raises:
        UnwritablePath: says what is there.
    """
    if path.exists() and not path.is_dir():
        raise UnwritablePath(f"{path} is a file; give a folder")
    try:
        if not path.is_dir() or all(inner.name == LOCK for inner in path.iterdir()):
            return
    except OSError as error:
        raise UnwritablePath(
            f"cannot look into {path}: {error.strerror or error}; give another folder"
        ) from error
    manifest = _manifest_of(path)
    if manifest is None:
        raise UnwritablePath(f"{path} holds other files; give a new or empty folder")
    if manifest["experiment"] != experiment:
        raise UnwritablePath(
            f"{path} holds a run of {manifest['experiment']!r}; give another folder"
        )


def _manifest_of(path: Path) -> dict[str, Any] | None:
    try:
        manifest = read_json(path / MANIFEST)
    except UnreadableFile:
        return None
    if not (isinstance(manifest, dict) and {"experiment", "format", "files"} <= set(manifest)):
        return None
    lists = manifest["files"], manifest.get("cells", [])
    return manifest if all(isinstance(names, list) for names in lists) else None


def clear(path: Path, keeps: Sequence[str] = ()) -> None:
    """Remove what an earlier run wrote, and our report of it, and nothing else; keep these."""
    manifest = _manifest_of(path)
    if manifest is None:
        return
    for cell in manifest.get("cells", []):  # first: one that is in use refuses all
        if cell in keeps:
            continue
        if lies_within(path, cell) and (path / cell).is_dir() and not (path / cell).is_symlink():
            lock = FolderLock(path / cell)
            try:
                clear(path / cell)
            finally:
                lock.release()
            _remove_if_empty(path / cell, path)
    if _is_our_report(path / REPORT):
        (path / REPORT).unlink()
    for name in manifest["files"]:
        if lies_within(path, name) and name not in keeps:
            (path / name).unlink(missing_ok=True)
            _remove_if_empty((path / name).parent, path)


def files_in(folder: Path) -> set[str]:
    """Return all files in a folder, relative to it; its lock is none."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {path.as_posix() for path in found if path.name != LOCK}


def _is_our_report(page: Path) -> bool:
    try:
        if page.is_symlink() or not page.is_file():
            return False
        with page.open("rb") as file:
            return REPORT_SIGN.encode() in file.read(1000)
    except OSError:
        return False


def _remove_if_empty(folder: Path, top: Path) -> None:
    if folder != top and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def lies_within(path: Path, name: Any) -> bool:
    """Tell whether a name is that of a file inside a folder, and plain enough to be ours."""
    # A manifest may come from anywhere, and must not make us remove files elsewhere.
    if not isinstance(name, str) or not re.fullmatch(_NAME, name):
        return False
    try:
        (path / name).exists()  # raises where no file can have the name; resolving does not
        return (path / name).parent.resolve().is_relative_to(path.resolve())
    except OSError:
        return False
