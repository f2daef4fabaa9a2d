"""A run's folder: whatever stops the run, everything in it is whole."""

import json
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, TextIO

from rallypoint.claims import Claim
from rallypoint.errors import DuplicateName, InvalidConfig, UnwritablePath
from rallypoint.files import FolderLock, writable_folder, write_atomically
from rallypoint.manifest import commit, machine, versions
from rallypoint.plain_json import to_indented_json, to_json
from rallypoint.seals import digests, seal_of, seals_in
from rallypoint.summary import FORMAT, Summary
from rallypoint.takeover import (
    MANIFEST,
    METRICS,
    OWN_FILES,
    RECEIPTS,
    SUMMARY,
    check_free,
    clear,
    files_in,
    lies_within,
)

Status = Literal["running", "finished", "interrupted", "failed"]


class RunFolder:
    """Writes what a run finds, as it finds it.

    ``summary.json`` is replaced in one piece after every claim, so a reader, or an interrupted
    run, always has what is finished. Use it as a context manager: how it is left is what the
    manifest says of the run. A folder that holds an earlier run of the same experiment is taken
    over, with exactly the files that run wrote removed, and our report of it; any other folder
    with something in it is refused, and nobody's files are touched. So is the folder of a run that
    is still going: the first keeps it until it is closed, or its process ends.
    """

    def __init__(
        self,
        path: Path,
        *,
        experiment: str,
        config: Mapping[str, Any],
        seeds: Sequence[int],
        command: Sequence[str] = (),
        about: Mapping[str, Any] | None = None,
        lists: Sequence[str] = (),
        keeps: Sequence[str] = (),
    ) -> None:
        """Take the folder and write the manifest.

        Args:
            path: made if missing.
            experiment: its name.
            config: as plain values, see ``rallypoint.config.to_dict``.
            seeds: of the run.
            command: the words it was started with.
            about: more for the manifest, such as the cells of a sweep.
            lists: files that come while it runs, and are its own whatever stops it.
            keeps: files and cells of an earlier run there that this one goes on from.

        Raises:
            UnwritablePath: the folder cannot be written to, is in use, or holds something else.
        """
        check_free(path, experiment)
        self.path = writable_folder(path)
        self._lock = FolderLock(path)
        try:
            check_free(path, experiment)  # again: it may have been taken, and left, in between
            clear(self.path, keeps)
            self._found = files_in(self.path) - set(keeps)  # somebody else's
            self._own = [*OWN_FILES, *lists]
            self._take(experiment, config, seeds, command, about or {})
        except BaseException:
            self._lock.release()
            raise

    def _take(
        self,
        experiment: str,
        config: Mapping[str, Any],
        seeds: Sequence[int],
        command: Sequence[str],
        about: Mapping[str, Any],
    ) -> None:
        self._began = time.monotonic()
        self._manifest: dict[str, Any] = {
            "format": FORMAT,
            "experiment": experiment,
            "command": list(command),
            "config": config,
            "seeds": list(seeds),
            **about,
            "versions": versions(),
            "commit": commit(),
            "machine": machine(),
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
            "wall_seconds": 0.0,
            "status": "running",
            "reason": None,
            "files": self._own,
        }
        self._claims: list[Claim] = []
        self._metrics: dict[str, Any] = {}
        self._receipts: dict[str, Any] = {}
        self._disagreements: list[str] = []
        self._write_manifest()
        self._write_receipts()
        self._write_summary()
        self._rows: TextIO = (self.path / METRICS).open("w", encoding="utf-8")

    @property
    def summary(self) -> Summary:
        """What was found so far; nothing was shown once receipts disagree."""
        valid = not self._disagreements
        return Summary(
            experiment=self._manifest["experiment"],
            valid=valid,
            config=self._manifest["config"],
            seeds=tuple(self._manifest["seeds"]),
            wall_seconds=self._wall_seconds,
            claims=tuple(c if valid else c.of_invalid_run() for c in self._claims),
            metrics=dict(self._metrics),
        )

    @property
    def disagreements(self) -> tuple[str, ...]:
        """What makes the run invalid, if anything."""
        return tuple(self._disagreements)

    @property
    def files(self) -> tuple[str, ...]:
        """Everything the run wrote, relative to the folder."""
        return tuple(self._manifest["files"])

    def add_claim(self, claim: Claim) -> None:
        """Keep a finished claim.

        Raises:
            DuplicateName: there is one of this id already.
        """
        if any(claim.id == other.id for other in self._claims):
            raise DuplicateName(f"claim ids are unique within a run, and {claim.id!r} comes twice")
        self._claims.append(claim)
        self._write_summary()

    def add_row(self, values: Mapping[str, Any]) -> None:
        """Append a line to ``metrics.jsonl``."""
        line = to_json(dict(values)) + "\n"
        try:
            self._rows.write(line)
            self._rows.flush()
        except OSError as error:
            raise UnwritablePath(
                f"cannot write {self.path / METRICS}: {error.strerror or error}"
            ) from error

    def note(self, name: str, value: Any) -> None:
        """Write something about how it ran into the manifest.

        Raises:
            DuplicateName: the manifest has that already.
        """
        if name in self._manifest:
            raise DuplicateName(f"the manifest has {name!r} already; choose another name")
        self._manifest[name] = value
        self._write_manifest()

    def add_metric(self, name: str, value: Any) -> None:
        """Keep a number that no claim is made about."""
        self._metrics[name] = value
        self._write_summary()

    def add_receipts(self, condition: str, receipts: Any, disagreements: Sequence[str]) -> None:
        """Keep what threats really did; a disagreement makes the run invalid."""
        if condition in self._receipts:
            raise DuplicateName(f"the receipts of condition {condition!r} come twice")
        self._receipts[condition] = receipts
        self._disagreements += [f"{condition}: {sentence}" for sentence in disagreements]
        self._write_receipts()
        self._write_summary()

    def add_file(self, name: str, content: bytes) -> Path:
        """Keep a plot or another file; return where it is.

        Raises:
            InvalidConfig: the name leads elsewhere, or is one that the run itself uses.
        """
        if not lies_within(self.path, name) or name in OWN_FILES:
            raise InvalidConfig(f"a file of a run has a plain relative name, got {name!r}")
        if name not in self._manifest["files"]:
            self._manifest["files"].append(name)
            self._write_manifest()  # first, so that a file is never there unlisted
        write_atomically(self.path / name, content)
        return self.path / name

    def adopt(self) -> None:
        """List what has appeared since the run began, written by a library's own logger, say.

        What was in the folder before is somebody's own, and stays so.
        """
        names = sorted(files_in(self.path) - self._found)
        self._manifest["files"] = [*dict.fromkeys([*self._manifest["files"], *names])]
        self._write_manifest()

    def close(self, status: Status, reason: str | None = None) -> None:
        """Say in the manifest how the run ended, and what its files look like by now."""
        try:
            with suppress(OSError):  # of a row that found no room
                self._rows.close()
            self._write_summary()
            sealed = digests(self.path, self.files)
            self._manifest |= {"status": status, "reason": reason, "digests": sealed}
            if cells := self._manifest.get("cells"):
                self._manifest["seals"] = seals_in(self.path, cells)
            self._write_manifest(is_last=True)
        finally:
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            self.close("finished")
        elif isinstance(error, KeyboardInterrupt):
            self.close("interrupted")
        else:
            self.close("failed", f"{type(error).__name__}: {error}")

    @property
    def _wall_seconds(self) -> float:
        return time.monotonic() - self._began

    def _write_manifest(self, *, is_last: bool = False) -> None:
        self._manifest["wall_seconds"] = round(self._wall_seconds, 3)
        if is_last:
            self._manifest["seal"] = seal_of(json.loads(to_json(self._manifest)))
        write_atomically(self.path / MANIFEST, to_indented_json(self._manifest))

    def _write_receipts(self) -> None:
        content = {
            "format": FORMAT,
            "valid": not self._disagreements,
            "disagreements": self._disagreements,
            "receipts": self._receipts,
        }
        write_atomically(self.path / RECEIPTS, to_indented_json(content))

    def _write_summary(self) -> None:
        write_atomically(self.path / SUMMARY, to_indented_json(self.summary.to_dict()))
