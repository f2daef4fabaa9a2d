"""Checkpoints: everything that a training needs to go on to the same bits, in one file."""

from pathlib import Path
from typing import Any, NamedTuple

from rallypoint.array_files import read_arrays, write_arrays
from rallypoint.batch_env import Snapshot
from rallypoint.errors import UnreadableFile

CHECKPOINT = "checkpoint.npz"
_FORMAT = "rallypoint-checkpoint-3"


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
    write_arrays(folder / CHECKPOINT, checkpoint.snapshot, told)


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
    snapshot, told = read_arrays(path, what="checkpoint")
    try:
        if told["format"] != _FORMAT:
            raise UnreadableFile(f"{path} is of format {told['format']!r}, not {_FORMAT!r}")
        return Checkpoint(snapshot, told["rows"], int(told["played"]))
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, UnreadableFile):
            raise
        raise UnreadableFile(f"{path} is no readable checkpoint: {error}") from error
