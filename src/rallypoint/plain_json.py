"""JSON that every reader accepts: a number that is not finite becomes null."""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from rallypoint.errors import UnreadableFile


def to_json(value: Any) -> str:
    """Return one line of JSON; configs, arrays and NumPy's numbers are understood.

    >>> to_json({"measured": np.float64("nan"), "seeds": np.arange(2)})
    '{"measured":null,"seeds":[0,1]}'
    """
    return msgspec.json.encode(value, enc_hook=_plain).decode()


def to_indented_json(value: Any) -> str:
    """Return JSON for people to read, ending in a newline."""
    return msgspec.json.format(to_json(value), indent=2) + "\n"


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        UnreadableFile: there is no such file, or it holds something else; says which.
    """
    try:
        return msgspec.json.decode(path.read_bytes())
    except OSError as error:
        raise UnreadableFile(f"cannot read {path}: {error.strerror or error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableFile(f"{path} is no JSON, or was cut off: {error}") from error


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"JSON cannot say {value!r}, a {type(value).__name__}")
