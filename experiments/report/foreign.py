"""Reading JSON that anybody may have written: of a bearable size, depth and place."""

from pathlib import Path
from typing import Any

from rallypoint.errors import UnreadableFile
from rallypoint.plain_json import read_json

MOST_BYTES = 64_000_000  # of one file; a page made of more would open in no browser
_MOST_LEVELS = 50


def read_foreign_json(path: Path) -> Any:
    """Read a JSON file of a folder that we may not have written.

    Raises:
        UnreadableFile: it is missing, no plain file of its folder, too large, nested too deeply,
            or no JSON.
    """
    check_plain(path)
    if (size := path.stat().st_size) > MOST_BYTES:
        raise UnreadableFile(
            f"{path} has {size:,} bytes; a report reads files of up to {MOST_BYTES:,}"
        )
    try:
        content = read_json(path)
    except RecursionError:  # which would be thousands of levels
        content = None
        levels = _MOST_LEVELS + 1
    else:
        levels = _levels(content)
    if levels > _MOST_LEVELS:
        raise UnreadableFile(f"{path} is nested more than {_MOST_LEVELS} levels deep")
    return content


def check_plain(path: Path) -> None:
    """Refuse what is no plain file inside its own folder: a pipe never ends, a link may lead away.

    Raises:
        UnreadableFile: says which.
    """
    try:
        if not path.exists():
            raise UnreadableFile(f"cannot read {path}: No such file or directory")
        if not path.is_file() or path.resolve().parent != path.parent.resolve():
            raise UnreadableFile(f"{path} is no plain file; a run writes only those")
    except OSError as error:
        raise UnreadableFile(f"cannot read {path}: {error.strerror or error}") from error


def _levels(content: Any) -> int:
    """Count how deep lists and objects are nested, without being nested so deep ourselves."""
    levels = 0
    layer = [content]
    while layer and levels <= _MOST_LEVELS:
        inner: list[Any] = []
        for value in layer:
            if isinstance(value, dict):
                inner += value.values()
            elif isinstance(value, list):
                inner += value
        layer = inner
        levels += 1
    return levels
