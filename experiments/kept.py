"""Finished pieces of an experiment on disk: who stops a run of hours loses minutes."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from rallypoint.array_files import read_arrays, write_arrays
from rallypoint.batch_env import Array
from rallypoint.errors import InvalidConfig, UnreadableFile
from rallypoint.files import write_atomically
from rallypoint.plain_json import read_json, to_json

_FORMAT = "rallypoint-piece-1"
_AGAIN = " (remove it, and it is run again)"


class Kept:
    """A folder of finished pieces, a file each, of arrays or of plain values; or no folder."""

    def __init__(self, folder: str) -> None:
        """Keep pieces in a folder; nothing is kept where its name is empty."""
        self._folder = Path(folder) if folder else None

    def piece(
        self, name: str, about: Mapping[str, Any], make: Callable[[], Mapping[str, Array]]
    ) -> Mapping[str, Array]:
        """Return arrays that are there, or make them and keep them.

        Args:
            name: of the file, folders with slashes.
            about: all that the piece depends on, as JSON can say it.
            make: makes it.

        Raises:
            UnreadableFile: the file is no such thing.
            InvalidConfig: it is of other settings or seeds.
            UnwritablePath: the folder takes no files.
        """
        if self._folder is None:
            return make()
        path = self._folder / f"{name}.npz"
        try:
            arrays, told = read_arrays(path, what=f"finished piece{_AGAIN}")
        except FileNotFoundError:
            found = make()
            write_arrays(path, found, _told(about))
            return found
        _check(path, told, about)
        return arrays

    def plain(self, name: str, about: Mapping[str, Any], make: Callable[[], Any]) -> Any:
        """Return plain values that are there, or make them and keep them; see ``piece``."""
        if self._folder is None:
            return make()
        path = self._folder / f"{name}.json"
        if not path.exists():
            made = make()
            write_atomically(path, to_json({"about": _told(about), "piece": made}))
            return made
        try:
            found = msgspec.convert(read_json(path), _Plain)
        except (UnreadableFile, msgspec.ValidationError) as error:
            raise UnreadableFile(
                f"{path} is no readable finished piece{_AGAIN}: {error}"
            ) from error
        _check(path, found.about, about)
        return found.piece

    def has(self, name: str) -> bool:
        """Tell whether plain values of that name are there."""
        return self._folder is not None and (self._folder / f"{name}.json").exists()


class _Plain(msgspec.Struct):
    """What a file of plain values holds."""

    about: dict[str, Any]
    piece: Any


def _told(about: Mapping[str, Any]) -> Any:
    return json.loads(to_json({"format": _FORMAT, **about}))


def _check(path: Path, told: Any, about: Mapping[str, Any]) -> None:
    if told != _told(about):
        raise InvalidConfig(
            f"{path} holds a piece of other settings, seeds or version; keep those of this run in "
            "another folder"
        )
