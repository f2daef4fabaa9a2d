"""``summary.json``: what a run found, for scripts to depend on."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NotRequired, TypedDict, TypeVar

import msgspec

from rallypoint.claims import Claim, Verdict
from rallypoint.errors import InvalidConfig, UnreadableFile
from rallypoint.plain_json import read_json

FORMAT = 1

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What a run found."""

    experiment: str
    valid: bool  # false if receipts disagree with the threat model
    config: Mapping[str, Any]  # as plain values
    seeds: tuple[int, ...]
    wall_seconds: float  # so far, where the run was interrupted
    claims: tuple[Claim, ...]  # all of them undecided in an invalid run
    metrics: Mapping[str, Any]

    def __post_init__(self) -> None:
        """Refuse an invalid run that claims to have shown something."""
        shown = [claim.id for claim in self.claims if claim.verdict != "undecided"]
        if shown and not self.valid:
            raise InvalidConfig(f"an invalid run shows nothing, and {shown[0]!r} has a verdict")

    def to_dict(self) -> dict[str, Any]:
        """Return the content of the file."""
        return {
            "format": FORMAT,
            "experiment": self.experiment,
            "valid": self.valid,
            "config": self.config,
            "seeds": list(self.seeds),
            "wall_seconds": round(self.wall_seconds, 3),
            "claims": [claim.to_dict() for claim in self.claims],
            "metrics": self.metrics,
        }


def read_summary(path: Path) -> Summary:
    """Read a summary, given its file or its run's folder.

    Raises:
        UnreadableFile: it is missing, cut off, somebody else's or of another format.
    """
    file = path / "summary.json" if path.is_dir() else path
    entries = convert(read_json(file), _Content, file=file, what="summary")
    try:
        return Summary(
            experiment=entries["experiment"],
            valid=entries["valid"],
            config=entries["config"],
            seeds=tuple(entries["seeds"]),
            wall_seconds=entries["wall_seconds"],
            claims=tuple(_claim(entry) for entry in entries["claims"]),
            metrics=entries["metrics"],
        )
    except InvalidConfig as error:
        raise UnreadableFile(f"{file} is no summary of a rallypoint run: {error}") from error


def convert(content: Any, kind: type[T], *, file: Path, what: str) -> T:
    """Check what a file of a run holds: a summary, or a manifest.

    Raises:
        UnreadableFile: it is somebody else's, of another format, or lacks something.
    """
    if not isinstance(content, dict) or "format" not in content:
        raise UnreadableFile(f"{file} is no {what} of a rallypoint run")
    if content["format"] != FORMAT:
        raise UnreadableFile(
            f"{file} has format {repr(content['format'])[:20]}, and this version of rallypoint "
            f"reads {FORMAT}; use the version that wrote it, which manifest.json names"
        )
    try:
        return msgspec.convert(content, kind)
    except msgspec.ValidationError as error:
        reason = str(error).replace("`$.", "`")
        raise UnreadableFile(f"{file} is no {what} of a rallypoint run: {reason}") from error


class _Entry(TypedDict):
    id: str
    statement: str
    source: str
    measured: float | None
    interval: tuple[float, float] | None
    level: float
    method: str
    n: int
    expected: str
    verdict: Verdict
    holds: bool
    documented_limit: NotRequired[Literal[True]]


class _Content(TypedDict):
    experiment: str
    valid: bool
    config: dict[str, Any]
    seeds: list[int]
    wall_seconds: float
    claims: list[_Entry]
    metrics: dict[str, Any]


def _claim(entry: _Entry) -> Claim:
    claim = Claim.from_dict(entry)
    if claim.holds != entry["holds"]:
        raise InvalidConfig(f"claim {claim.id!r} says both {claim.verdict!r} and {entry['holds']}")
    return claim
