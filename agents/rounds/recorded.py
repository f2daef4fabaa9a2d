"""What came when, written down, and played again."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, ClassVar, Literal, NamedTuple, get_args

import numpy as np

from rallypoint.agents.rounds.delays import KEPT, Arrivals, Coming, Delays, Loss
from rallypoint.batch_env import Snapshot
from rallypoint.errors import CannotGoOn, InvalidConfig, UnreadableFile
from rallypoint.kinds import A_PATH

ARRIVALS = "arrivals.csv"  # in the folder of a training

Outcome = Literal["arrived", "gone", "failed"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)


class Entry(NamedTuple):
    """An update that came, or was lost."""

    contributor: int
    version: int  # that it was found on
    at: int  # the server's version when it came
    outcome: Outcome = "arrived"  # or whoever computed it was gone, or answered what is no update

    @property
    def coming(self) -> Coming:
        """What an arrival says of it."""
        if self.outcome == "arrived":
            return Coming(self.contributor, self.version)
        loss = Loss(self.outcome == "gone", f"recorded as {self.outcome}")
        return Coming(self.contributor, self.version, loss)


def written(entries: Sequence[Entry]) -> str:
    """Return the text of a record, one line to each."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerows([Entry._fields, *entries])
    return text.getvalue()


def read(path: Path | str) -> tuple[Entry, ...]:
    """Read a record.

    Raises:
        UnreadableFile: there is none, or it is damaged; says where.
    """
    if Path(path).exists() and not Path(path).is_file():  # a device, or a pipe, may never end
        raise UnreadableFile(f"{path} is no plain file; give the {ARRIVALS} of a training")
    try:
        with Path(path).open(newline="", encoding="utf-8") as file:
            first, *lines = csv.reader(file)
    except (OSError, ValueError) as error:
        raise UnreadableFile(
            f"{path} is no readable record of arrivals ({error}); give the {ARRIVALS} of a "
            "training with real delays"
        ) from error
    if tuple(first) != Entry._fields:
        raise UnreadableFile(f"{path} begins with {','.join(Entry._fields)}, got {','.join(first)}")
    return tuple(_entry(path, number, line) for number, line in enumerate(lines, start=2))


def _entry(path: Path | str, number: int, line: Sequence[str]) -> Entry:
    try:
        contributor, version, at, outcome = line
        entry = Entry(int(contributor), int(version), int(at), OUTCOMES[OUTCOMES.index(outcome)])
    except ValueError as error:
        raise UnreadableFile(f"{path}, line {number}: {error}") from error
    if not 0 <= entry.version <= entry.at or entry.contributor < 0:
        raise UnreadableFile(
            f"{path}, line {number}: an update of contributor >= 0 is found on a version from 0 to "
            f"the one it came at, got {entry}"
        )
    return entry


@dataclass(frozen=True, kw_only=True)
class RecordedDelays(Delays):
    """What came when in a training with real delays: the same again, to the same bits."""

    file: Annotated[str, A_PATH]  # its arrivals.csv

    def __post_init__(self) -> None:
        """Refuse a file that cannot be read.

        Raises:
            UnreadableFile: says why.
        """
        _ = self.entries

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """All that came."""
        return read(self.file)

    @property
    def keep(self) -> int:
        """How many versions of the parameters are to be remembered, for the oldest that came."""
        return max([KEPT, *(1 + entry.at - entry.version for entry in self.entries)])

    def of(self, contributors: int, seed: int) -> Arrivals:
        """Return the arrivals.

        Raises:
            InvalidConfig: they are those of more contributors.
        """
        del seed
        most = 1 + max((entry.contributor for entry in self.entries), default=0)
        if most > contributors:
            raise InvalidConfig(
                f"{self.file} is of {most} contributors or more, and there are {contributors}"
            )
        return _Recorded(self)


class _Recorded(Arrivals):
    remembers_orders: ClassVar[bool] = True  # what was ordered is of no account

    def __init__(self, delays: RecordedDelays) -> None:
        self._delays = delays
        self._came = 0

    def order(self, contributor: int, version: int) -> None:
        del contributor, version  # what comes is known

    def next(self, current: int) -> Coming:
        entries = self._delays.entries
        if self._came >= len(entries):
            raise CannotGoOn(f"{self._delays.file} ends after {len(entries)} updates; ask for less")
        entry = entries[self._came]
        if entry.at != current:
            raise CannotGoOn(
                f"{self._delays.file} is of another training: its update {self._came} came at "
                f"version {entry.at}, and the server is at {current}; give the same settings"
            )
        self._came += 1
        return entry.coming

    def snapshot(self) -> Snapshot:
        return {"came": np.array(self._came)}

    def restore(self, snapshot: Snapshot) -> None:
        self._came = int(snapshot["came"])
