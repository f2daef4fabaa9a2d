"""Breaking files one after another: each is read, or refused in one line, and nothing else."""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rallypoint.draws import stream
from rallypoint.errors import RallypointError
from rallypoint.experiments.telling import as_line

EACH = int(os.environ.get("FUZZ") or 1000)
SLOWEST = 5.0  # seconds for one file, on a busy machine


@contextmanager
def in_memory() -> Iterator[Path]:
    """Make a folder in memory, or, where there is no such place, where others are made."""
    memory = Path("/dev/shm")  # noqa: S108 - a folder of our own in it
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)


def broken(files, read, count):
    """Break one file after another, so many times; each time read it, and put it right again.

    Args:
        files: paths, and in which ways each is broken.
        read: what must read a path, or refuse.
        count: how many times.
    """
    rng = stream(0, "fuzz", *(path.name for path in files))
    contents = {path: path.read_bytes() for path in files}
    refused = 0
    for _ in range(count):
        path = list(files)[rng.integers(len(files))]
        changed = files[path][rng.integers(len(files[path]))](contents[path], rng)
        path.write_bytes(changed)
        beside = set(path.parent.iterdir())
        began = time.monotonic()
        try:
            read(path)
        except RallypointError as error:
            refused += bool(as_line(str(error)))
        except BaseException as error:
            error.add_note(f"{path.name} was {changed[:3000]!r}")
            raise
        assert time.monotonic() - began < SLOWEST, changed[:300]
        assert set(path.parent.iterdir()) == beside
        path.write_bytes(contents[path])
    assert refused > count / 5
