"""Finished pieces of an experiment on disk: who stops a run of hours loses minutes."""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from rallypoint.array_files import read_arrays, write_arrays
from rallypoint.batch_env import Array
from rallypoint.errors import InvalidConfig, UnreadableFile
from rallypoint.files import write_atomically
from rallypoint.plain_json import read_json, to_json

_FORMAT = "rallypoint-piece-2"
_AGAIN = " (remove it, and it is run again)"


class Kept:
    """A folder of finished pieces, a file each, of arrays or of plain values; or no folder.

    Each holds a digest of itself: whoever asks for a piece gets what was made, and need not look
    whether somebody has edited it since.
    """

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
            write_arrays(path, found, {"about": _told(about), "digest": _of_arrays(found)})
            return found
        _check(path, told, about, _of_arrays(arrays))
        return arrays

    def plain(self, name: str, about: Mapping[str, Any], make: Callable[[], Any]) -> Any:
        """Return plain values that are there, or make them and keep them; see ``piece``."""
        if self._folder is None:
            return make()
        path = self._folder / f"{name}.json"
        if not path.exists():
            made = make()
            kept = {"about": _told(about), "piece": made, "digest": _of_plain(made)}
            write_atomically(path, to_json(kept))
            return made
        try:
            found = read_json(path)
        except UnreadableFile as error:
            raise UnreadableFile(
                f"{path} is no readable finished piece{_AGAIN}: {error}"
            ) from error
        piece = found.get("piece") if isinstance(found, dict) else None
        _check(path, found, about, _of_plain(piece))
        return piece

    def has(self, name: str) -> bool:
        """Tell whether plain values of that name are there."""
        return self._folder is not None and (self._folder / f"{name}.json").exists()


class _Said(msgspec.Struct):
    """What a file says of the piece in it."""

    about: dict[str, Any]
    digest: str = ""


def _told(about: Mapping[str, Any]) -> Any:
    return json.loads(to_json({"format": _FORMAT, **about}))


def _of_arrays(arrays: Mapping[str, Array]) -> str:
    """Return the digest of arrays, by name."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.asarray(arrays[name])
        digest.update(f"{name} {array.dtype.str} {array.shape} ".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def _of_plain(piece: Any) -> str:
    """Return the digest of plain values, as a reader of their file gets them."""
    return hashlib.sha256(to_json(json.loads(to_json(piece))).encode()).hexdigest()


def _check(path: Path, told: Any, about: Mapping[str, Any], digest: str) -> None:
    """Refuse a piece that is not the one that was asked for, or not as it was made."""
    try:
        said = msgspec.convert(told, _Said)
    except msgspec.ValidationError as error:
        raise UnreadableFile(f"{path} is no readable finished piece{_AGAIN}: {error}") from error
    if said.about != _told(about):
        raise InvalidConfig(
            f"{path} holds a piece of other settings, seeds or version; keep those of this run in "
            "another folder"
        )
    if said.digest != digest:
        raise UnreadableFile(f"{path} was edited after it was finished{_AGAIN}")
