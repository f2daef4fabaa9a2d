"""How long it still takes: a bar on a terminal, a few plain lines anywhere else."""

import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import TYPE_CHECKING, Protocol, Self, TextIO

from rallypoint.experiments.experiment import Advance

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

_SECONDS_BETWEEN_LINES = 15.0


class Display(Protocol):
    """Shows progress, and lines beside it, while it is open."""

    def __call__(self, label: str, total: int) -> AbstractContextManager[Advance]:
        """Begin a piece of work; this makes every display a ``Progress``."""
        ...

    def say(self, line: str) -> None:
        """Show a line without disturbing the bar."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *ended: object) -> None: ...


def display() -> Display:
    """Return what suits standard error."""
    return Bars() if sys.stderr.isatty() else Lines(sys.stderr)


class Bars:
    """A bar for each piece of work under way."""

    def __init__(self) -> None:
        """Make the bars; they show once this is entered."""
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )
        from rich.table import Column

        self._bars: RichProgress = Progress(
            TextColumn("{task.description}", table_column=Column(ratio=1, no_wrap=True)),
            BarColumn(bar_width=16),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("left"),
            console=Console(stderr=True, emoji=False),
            expand=True,
            speed_estimate_period=120,  # seconds: the first units often hold a warm-up
            transient=True,
        )

    @contextmanager
    def __call__(self, label: str, total: int) -> Iterator[Advance]:
        """Show a bar until the piece is done."""
        task = self._bars.add_task(label.replace("[", r"\["), total=total)

        def advance(units: int = 1) -> None:
            self._bars.advance(task, units)

        try:
            yield advance
        finally:
            self._bars.remove_task(task)

    def say(self, line: str) -> None:
        """Show a line above the bars."""
        self._bars.console.print(line, markup=False, highlight=False)

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *ended: object) -> None:
        self._bars.stop()


class Lines:
    """A line when a piece of work begins and ends, and now and then between."""

    def __init__(self, out: TextIO, *, every: float = _SECONDS_BETWEEN_LINES) -> None:
        """Write to out, at most every so many seconds within a piece."""
        self._out = out
        self._every = every

    @contextmanager
    def __call__(self, label: str, total: int) -> Iterator[Advance]:
        """Say what begins, how far it is, and how long it took."""
        began = said = time.monotonic()
        done = 0
        self.say(f"{label} …")

        def advance(units: int = 1) -> None:
            nonlocal done, said
            done += units
            now = time.monotonic()
            if now - said >= self._every and 0 < done < total:
                said = now
                left = (now - began) / done * (total - done)
                self.say(f"{label}: {done} of {total}, about {in_words(left)} left")

        yield advance
        if (took := time.monotonic() - began) >= 1:
            self.say(f"{label}: done in {in_words(took)}")

    def say(self, line: str) -> None:
        """Write a line; a reader who has gone away, or a full disk, stops no run."""
        with suppress(OSError):
            print(line, file=self._out, flush=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *ended: object) -> None:
        pass


def in_words(seconds: float) -> str:
    """Say a duration.

    >>> in_words(75.2)
    '1 min 15 s'
    """
    whole = round(seconds)
    if seconds < 10:
        return f"{seconds:.1f} s"
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
