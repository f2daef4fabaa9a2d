"""Writing files so that a reader, or a crash, never meets half of one."""

import os
from contextlib import suppress
from pathlib import Path

from rallypoint.errors import UnwritablePath


def write_atomically(path: Path, content: bytes | str) -> None:
    """Write a whole file or nothing: to a neighbour first, then moved into place.

    Raises:
        UnwritablePath: says which path and why.
    """
    payload = content.encode() if isinstance(content, str) else content
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            file.write(payload)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        raise UnwritablePath(
            f"cannot write {path}: {error.strerror or error}; give another place with --out"
        ) from error
    finally:  # whatever went wrong, Ctrl-C included
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def writable_folder(path: Path) -> Path:
    """Make a folder and check that it takes files.

    Raises:
        UnwritablePath: before any work is done, not after.
    """
    probe = path / ".writable"
    write_atomically(probe, b"")
    probe.unlink()
    return path
