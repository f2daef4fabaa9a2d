"""Digests of a run's files, by which it shows later that none was changed."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from rallypoint.errors import UnreadableFile
from rallypoint.takeover import MANIFEST, lies_within


def digests(folder: Path, names: Sequence[str]) -> dict[str, str]:
    """Return the SHA-256 of each file that is there, but of the manifest, which holds them."""
    there = [name for name in names if name != MANIFEST and (folder / name).is_file()]
    return {name: _digest(folder / name) for name in there}


def changed(folder: Path, sealed: Mapping[str, str]) -> list[str]:
    """Say of each file that is not as it was, what has become of it.

    Raises:
        UnreadableFile: one cannot be read.
    """
    found = []
    for name, digest in sealed.items():
        if not lies_within(folder, name):
            found.append(f"{name[:80]!r} lies elsewhere")
        elif not (folder / name).is_file():
            found.append(f"{name} is missing")
        elif _digest(folder / name) != digest:
            found.append(f"{name} was changed after the run")
    return found


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UnreadableFile(f"cannot read {path}: {error.strerror or error}") from error
