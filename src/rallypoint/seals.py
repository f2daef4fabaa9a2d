"""Digests of a run's files, by which it shows later that none was changed.

The manifest holds the digest of every other file, and is sealed itself: whoever writes the seal
down where it cannot be changed, in a paper, say, can show at any time that the run is as it was.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from rallypoint.errors import UnreadableFile
from rallypoint.plain_json import read_json
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


def seal_of(manifest: Mapping[str, Any]) -> str:
    """Return the SHA-256 of all that a manifest says, but for the seal itself.

    Args:
        manifest: as plain values, as a reader of its file gets them. Neither the order of entries
            nor the layout of the file makes a difference.

    >>> seal_of({"seeds": [0], "seal": "any"}) == seal_of({"seeds": [0]})
    True
    """
    told = {name: value for name, value in manifest.items() if name != "seal"}
    text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def seals_in(folder: Path, cells: Sequence[str]) -> dict[str, str]:
    """Return the seals of those cells of a sweep that have one; of a broken one there is none."""
    found = {}
    for name in cells:
        with suppress(UnreadableFile):
            told = read_json(folder / name / MANIFEST)
            if isinstance(told, dict) and isinstance(told.get("seal"), str):
                found[name] = told["seal"]
    return found


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UnreadableFile(f"cannot read {path}: {error.strerror or error}") from error
