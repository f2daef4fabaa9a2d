"""Checkpoints: everything that a training needs to go on to the same bits, in one file."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rallypoint.batch_env import Snapshot
from rallypoint.errors import UnreadableFile
from rallypoint.files import write_atomically
from rallypoint.snapshots import as_array, as_text

CHECKPOINT = "checkpoint.npz"
_FORMAT = "rallypoint-checkpoint-2"
_ABOUT = "about"


class Checkpoint(NamedTuple):
    """Where a training stands."""

    snapshot: Snapshot
    rows: list[dict[str, Any]]  # of metrics, so far
    played: int  # agent steps


def write_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint over the last one, all of it or nothing.

    Raises:
        UnwritablePath: the last one is still there.
    """
    told = {"format": _FORMAT, "rows": checkpoint.rows, "played": checkpoint.played}
    file = io.BytesIO()
    arrays: dict[str, Any] = {f"s:{name}": part for name, part in checkpoint.snapshot.items()}
    arrays[_ABOUT] = as_array(json.dumps(told))
    np.savez(file, **arrays)
    write_atomically(folder / CHECKPOINT, file.getvalue())


def read_checkpoint(folder: Path) -> Checkpoint:
    """Read the checkpoint of a folder.

    Raises:
        UnreadableFile: there is none, or it is damaged.
    """
    path = folder / CHECKPOINT
    if not path.is_file():
        raise UnreadableFile(
            f"{folder} holds no {CHECKPOINT}: nothing was trained there by contributors, or its "
            "world cannot be snapshot; train anew"
        )
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
            told = json.loads(as_text(file[_ABOUT]) or "")
            if told["format"] != _FORMAT:
                raise UnreadableFile(f"{path} is of format {told['format']!r}, not {_FORMAT!r}")
            snapshot = {
                name.removeprefix("s:"): file[name] for name in file.files if name != _ABOUT
            }
            return Checkpoint(snapshot, told["rows"], int(told["played"]))
    except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        if isinstance(error, UnreadableFile):
            raise
        raise UnreadableFile(f"{path} is no readable checkpoint: {error}") from error
