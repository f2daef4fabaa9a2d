"""A run as its folder tells it, for readers who trust nothing in that folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypedDict

from rallypoint.errors import UnreadableFile
from rallypoint.experiments.exhibits import Exhibit
from rallypoint.experiments.report.foreign import read_foreign_json
from rallypoint.experiments.report.manifest_file import Manifest, is_run, read_manifest
from rallypoint.experiments.report.metric_rows import Rows, read_rows
from rallypoint.experiments.report.pictures import Picture, Pictures, read_pictures
from rallypoint.summary import Summary, convert, read_summary
from rallypoint.takeover import METRICS, OWN_FILES, RECEIPTS, SUMMARY


class CellPictures(NamedTuple):
    """The pictures of one cell of a sweep, which lie in a folder of its own."""

    name: str
    pictures: tuple[Picture, ...]


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """Everything a run left behind."""

    folder: Path
    manifest: Manifest
    summary: Summary
    receipts: Mapping[str, Any]  # by condition
    disagreements: tuple[str, ...]  # what makes the run invalid
    rows: Rows
    exhibits: tuple[Exhibit, ...]  # how rows are shown together
    pictures: tuple[Picture, ...]
    cells: tuple[CellPictures, ...]
    others: tuple[str, ...]  # files that are neither pictures nor read here
    notes: tuple[str, ...]  # what a reader must know is missing

    @property
    def makes_claims(self) -> bool:
        """Whether there are claims, or were to be; a training makes none."""
        is_over = self.manifest["status"] == "finished" or self.summary.experiment == "train"
        return bool(self.summary.claims) or not is_over


# A page is to stay below ten megabytes, of which the words of a run take so much; and pictures are
# written in letters, four for three bytes.
_PAGE, _WORDS, _LETTERS = 9_700_000, 54_000, 4 / 3


def picture_room(num_runs: int) -> int:
    """Return how many bytes each run's pictures may have on a page of so many.

    >>> picture_room(1) > 7_000_000, 25_000 < picture_room(100) < 40_000
    (True, True)
    """
    return max(5_000, int((_PAGE / num_runs - _WORDS) / _LETTERS))


def read_run(folder: Path, *, of_runs: int = 1) -> Recorded:
    """Read a run's folder, to be one of so many runs on a page: its pictures share its room.

    Raises:
        UnreadableFile: a file of it is missing, corrupt, somebody else's or of another format,
            or two of them contradict each other; says which.
    """
    manifest = read_manifest(folder)
    read_foreign_json(folder / SUMMARY)  # first, since it refuses what would hang or exhaust us
    summary = read_summary(folder)
    receipts = convert(
        read_foreign_json(folder / RECEIPTS),
        _Receipts,
        file=folder / RECEIPTS,
        what="file of receipts",
    )
    if summary.experiment != manifest["experiment"]:
        raise UnreadableFile(
            f"{folder}: {SUMMARY} is of a run of {summary.experiment[:80]!r}, and the manifest of "
            f"one of {manifest['experiment'][:80]!r}"
        )
    if summary.valid != receipts["valid"] or receipts["valid"] == bool(receipts["disagreements"]):
        raise UnreadableFile(
            f"{folder}: {SUMMARY} and {RECEIPTS} disagree on whether the run is valid; one of them "
            "was changed"
        )
    metrics = read_rows(folder / METRICS)
    listed = [name for name in manifest["files"] if name not in OWN_FILES]
    room = picture_room(of_runs) // (1 + len(manifest.get("cells", ())))
    found = read_pictures(folder, listed, room=room)
    cells, cell_notes = _read_cells(folder, manifest, room)
    return Recorded(
        folder=folder,
        manifest=manifest,
        summary=summary,
        receipts=receipts["receipts"],
        disagreements=tuple(receipts["disagreements"]),
        rows=metrics.rows,
        exhibits=tuple(manifest.get("exhibits", ())),
        pictures=found.pictures,
        cells=cells,
        others=found.others,
        notes=(*metrics.notes, *found.notes, *cell_notes),
    )


class _Receipts(TypedDict):
    format: int
    valid: bool
    disagreements: list[str]
    receipts: dict[str, Any]


def _read_cells(
    folder: Path, manifest: Manifest, room: int
) -> tuple[tuple[CellPictures, ...], tuple[str, ...]]:
    cells, notes = [], []
    for name in manifest.get("cells", []):
        inner = folder / name
        if "\0" in name or inner.resolve().parent != folder.resolve():
            raise UnreadableFile(f"{folder} lists a cell {name[:80]!r}, which lies elsewhere")
        if not is_run(inner):
            notes.append(f"Cell {name} was not reached.")
            continue
        listed = [file for file in read_manifest(inner)["files"] if file not in OWN_FILES]
        found: Pictures = read_pictures(inner, listed, room=room)
        cells.append(CellPictures(name, found.pictures))
        notes += [f"{name}: {note}" for note in found.notes]
    return tuple(cells), tuple(notes)
