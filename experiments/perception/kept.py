"""Finished pieces on disk: who stops a run of hours loses minutes."""

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rallypoint.batch_env import Array
from rallypoint.errors import InvalidConfig, UnreadableFile
from rallypoint.files import write_atomically
from rallypoint.plain_json import to_json
from rallypoint.snapshots import as_array, as_text

_FORMAT = "rallypoint-perception-1"
_ABOUT = "about"


class Kept:
    """A folder of finished trainings and attacks, a file of arrays each; or no folder."""

    def __init__(self, folder: str) -> None:
        """Keep them in a folder; nothing is kept where its name is empty."""
        self._folder = Path(folder) if folder else None

    def of(self, name: str, about: Mapping[str, Any]) -> dict[str, Array] | None:
        """Return a piece, or None if it is not there.

        Raises:
            UnreadableFile: the file is no such thing.
            InvalidConfig: it is of other settings or seeds.
        """
        if self._folder is None:
            return None
        path = self._path(name)
        try:
            with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
                arrays = {key: file[key] for key in file.files}
            told = json.loads(as_text(arrays.pop(_ABOUT)) or "")
        except FileNotFoundError:
            return None
        except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile) as error:
            raise UnreadableFile(
                f"{path} should hold a finished piece, and cannot be read: {error}; remove it, and "
                "it is run again"
            ) from error
        if told != _told(about):
            raise InvalidConfig(
                f"{path} holds a piece of other settings, seeds or version; keep those of this run "
                "in another folder"
            )
        return arrays

    def add(self, name: str, about: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
        """Keep a finished piece.

        Raises:
            UnwritablePath: the folder takes no files.
        """
        if self._folder is None:
            return
        packed: dict[str, Any] = {**arrays, _ABOUT: as_array(json.dumps(_told(about)))}
        file = io.BytesIO()
        np.savez(file, **packed)
        write_atomically(self._path(name), file.getvalue())

    def _path(self, name: str) -> Path:
        assert self._folder is not None, "asked by those who have one"
        return self._folder / f"{name}.npz"


def _told(about: Mapping[str, Any]) -> Any:
    """Return settings as they are read back."""
    return json.loads(to_json({"format": _FORMAT, **about}))
