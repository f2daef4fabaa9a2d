"""``manifest.json``, read back."""

from pathlib import Path
from typing import Any, NotRequired, TypedDict

from rallypoint.experiments.exhibits import Exhibit
from rallypoint.experiments.report.foreign import read_foreign_json
from rallypoint.run_folder import Status
from rallypoint.summary import convert
from rallypoint.takeover import MANIFEST


class Manifest(TypedDict):
    """What a run says of itself; ``run_folder`` writes it."""

    format: int
    experiment: str
    command: list[str]
    config: dict[str, Any]
    seeds: list[int]
    versions: dict[str, str]
    commit: dict[str, str | bool] | None
    machine: dict[str, Any]
    started: str
    wall_seconds: float
    status: Status
    reason: str | None
    files: list[str]
    title: NotRequired[str]
    quick: NotRequired[bool]
    cells: NotRequired[list[str]]
    digests: NotRequired[dict[str, str]]
    seal: NotRequired[str]
    seals: NotRequired[dict[str, str]]  # of the cells of a sweep
    left_out: NotRequired[list[str]]  # kinds of threats that nobody could meet
    exhibits: NotRequired[list[Exhibit]]
    rounds: NotRequired[dict[str, Any]]  # of a training: what was counted, and where it was placed


def is_run(folder: Path) -> bool:
    """Tell whether a folder looks like a run's."""
    return (folder / MANIFEST).is_file()


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a run's folder.

    Raises:
        UnreadableFile: it is missing, cut off, somebody else's or of another format.
    """
    path = folder / MANIFEST
    return convert(read_foreign_json(path), Manifest, file=path, what="manifest")
