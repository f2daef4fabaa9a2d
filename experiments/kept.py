"""Finished pieces of an experiment on disk: who stops a run of hours loses minutes."""

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rallypoint.batch_env import Array
from rallypoint.errors import InvalidConfig, UnreadableFile
from rallypoint.files import write_atomically
from rallypoint.plain_json import to_json
from rallypoint.snapshots import as_array, as_text

_FORMAT = "rallypoint-piece-1"
_ABOUT = "about"


class Kept:
    """A folder of finished pieces, a file of arrays each; or no folder."""

    def __init__(self, folder: str) -> None:
        """Keep pieces in a folder; nothing is kept where its name is empty."""
        self._folder = Path(folder) if folder else None

    def piece(
        self, name: str, about: Mapping[str, Any], make: Callable[[], Mapping[str, Array]]
    ) -> Mapping[str, Array]:
        """Return a piece that is there, or make it and keep it.

        Args:
            name: of its file, folders with slashes.
            about: all that it depends on, as JSON can say it.
            make: makes it.

        Raises:
            UnreadableFile: the file is no such thing.
            InvalidConfig: it is of other settings or seeds.
            UnwritablePath: the folder takes no files.
        """
        if self._folder is None:
            return make()
        path = self._folder / f"{name}.npz"
        told = json.loads(to_json({"format": _FORMAT, **about}))
        try:
            return _read(path, told)
        except FileNotFoundError:
            found = make()
        file = io.BytesIO()
        packed: dict[str, Any] = {**found, _ABOUT: as_array(json.dumps(told))}
        np.savez(file, **packed)
        write_atomically(path, file.getvalue())
        return found


def _read(path: Path, about: Any) -> dict[str, Array]:
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
            arrays = {key: file[key] for key in file.files}
        told = json.loads(as_text(arrays.pop(_ABOUT)) or "")
    except FileNotFoundError:
        raise
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise UnreadableFile(
            f"{path} should hold a finished piece, and cannot be read: {error}; remove it, and it "
            "is run again"
        ) from error
    if told != about:
        raise InvalidConfig(
            f"{path} holds a piece of other settings, seeds or version; keep those of this run in "
            "another folder"
        )
    return arrays
