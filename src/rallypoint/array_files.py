"""Arrays, and what is said of them, in one file; nothing in it is ever unpickled."""

import io
import json
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rallypoint.errors import UnreadableFile
from rallypoint.files import write_atomically
from rallypoint.plain_json import to_json
from rallypoint.snapshots import as_array, as_text

_ABOUT = "about"
_HEADER = 1 << 10  # bytes before the numbers of an array, more than there are
_ARRAY = "s:"  # before the name of each array, so that none is taken for what is said
# What a damaged archive may raise. A RuntimeError speaks of versions and passwords; headers of
# arrays are read as Python is, and may speak of arrays that no memory holds.
_BROKEN = (
    OSError,
    EOFError,
    MemoryError,
    SyntaxError,
    tokenize.TokenError,
    KeyError,
    TypeError,
    ValueError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)


def write_arrays(
    path: Path, arrays: Mapping[str, NDArray[Any]], about: Any, *, compressed: bool = False
) -> None:
    """Write arrays by name, and plain values about them; all of it or nothing.

    Args:
        path: the file.
        arrays: of plain numbers.
        about: what is said of them, as JSON can say it.
        compressed: whether to take longer for a smaller file.

    Raises:
        UnwritablePath: what was there before is still there.
    """
    packed: dict[str, Any] = {f"{_ARRAY}{name}": array for name, array in arrays.items()}
    packed[_ABOUT] = as_array(to_json(about))
    file = io.BytesIO()
    save = np.savez_compressed if compressed else np.savez
    save(file, allow_pickle=False, **packed)
    write_atomically(path, file.getvalue())


def read_arrays(path: Path, *, what: str) -> tuple[dict[str, NDArray[Any]], Any]:
    """Read what ``write_arrays`` wrote: the arrays, and what is said about them.

    Args:
        path: the file.
        what: it should hold, for messages.

    Raises:
        FileNotFoundError: there is none.
        UnreadableFile: it is damaged, or something else.
    """
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
            about = json.loads(as_text(file[_ABOUT]) or "")
            names = [name for name in file.files if name != _ABOUT]
            return {name.removeprefix(_ARRAY): file[name] for name in names}, about
    except FileNotFoundError:
        raise
    except _BROKEN as error:
        raise UnreadableFile(f"{path} is no readable {what}: {error}") from error


def read_array(path: Path, name: str, *, what: str, most: int) -> NDArray[Any]:
    """Read one of the arrays that ``write_arrays`` wrote, and nothing else of the file.

    Args:
        path: the file, of whatever size.
        name: of the array.
        what: the file should be, for messages.
        most: bytes that the array may have.

    Raises:
        FileNotFoundError: there is none.
        UnreadableFile: it is damaged, or something else, or the array is larger.
    """
    try:
        # Mapped, since one that is no archive but a bare array would be read whole.
        with np.load(path, mmap_mode="r", allow_pickle=False) as file:
            size = file.zip.getinfo(f"{_ARRAY}{name}.npy").file_size
            if size > most + _HEADER:
                raise ValueError(f"{name} has {size:,} bytes, where {most:,} are the most")
            found: NDArray[Any] = file[f"{_ARRAY}{name}"]
            return found
    except FileNotFoundError:
        raise
    except _BROKEN as error:
        raise UnreadableFile(f"{path} is no readable {what}: {error}") from error
