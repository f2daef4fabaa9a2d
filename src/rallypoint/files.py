"""Writing files so that a reader, or a crash, never meets half of one."""

import os
import socket
from contextlib import suppress
from pathlib import Path

from rallypoint.errors import UnwritablePath

try:
    import fcntl
except ImportError:  # not on Windows, where two runs can still meet in one folder
    fcntl = None  # type: ignore[assignment]

LOCK = ".in-use"  # says which process writes a folder, for as long as it does


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
            f"cannot write {path}: {error.strerror or error}; give another place"
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


class FolderLock:
    """Keeps a folder for one process: its end, however sudden, gives the folder back."""

    def __init__(self, folder: Path) -> None:
        """Take the folder.

        Raises:
            UnwritablePath: a process that is alive has it, or nothing can be written there.
        """
        self._path = folder / LOCK
        while True:
            try:
                self._file = self._path.open("ab+", buffering=0)
            except OSError as error:
                raise UnwritablePath(
                    f"cannot write {self._path}: {error.strerror or error}; give another place"
                ) from error
            if not self._is_free():
                holder = _first_line(self._path)
                self._file.close()
                raise UnwritablePath(
                    f"{folder} is in use by a run that goes on{holder}; wait for it, or give "
                    "another place"
                )
            if self._is_still_there():
                break
            self._file.close()  # its last holder removed it in between
        with suppress(OSError):  # a full disk: who has it is then not said
            self._file.truncate(0)
            self._file.write(f"process {os.getpid()} on {socket.gethostname()}\n".encode())

    def release(self) -> None:
        """Give the folder back; a second time does nothing."""
        if not self._file.closed:
            with suppress(OSError):
                self._path.unlink(missing_ok=True)  # while it is ours
            self._file.close()

    def _is_free(self) -> bool:
        if fcntl is None:
            return True
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:  # a file system without locks is no reason not to run
            return True
        return True

    def _is_still_there(self) -> bool:
        try:
            return os.path.samestat(os.fstat(self._file.fileno()), self._path.stat())
        except OSError:
            return False


def _first_line(path: Path) -> str:
    try:
        line = path.read_text(encoding="utf-8", errors="replace")[:200].partition("\n")[0]
    except OSError:
        return ""
    return f" ({line})" if line else ""
