"""Standard output, when what matters is on disk already: it can be full, or nobody may read it."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click


@contextmanager
def told_if_possible() -> Iterator[None]:
    """Write in here what a finished run has to say; that it cannot be shown undoes no run.

    Write whole texts to ``sys.stdout``: rich by itself leaves with status 1 where the reader has
    gone away, and click.echo takes an ASCII terminal for one of UTF-8.
    """
    try:
        yield
        sys.stdout.flush()
    except OSError as error:
        silence()
        if not isinstance(error, BrokenPipeError):
            click.echo(f"cannot show results: {error.strerror or error}", err=True)


def as_line(message: str, *, most: int = 1000) -> str:
    """Return a message as one line of a bearable length: it may cite what a file holds.

    >>> as_line("no number: " + "9" * 100, most=20)
    'no number: 99999999…'
    """
    line = " ".join(message.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def silence() -> None:
    """Have standard output lead nowhere, so that what is stuck in it is no second error."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
