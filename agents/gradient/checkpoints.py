"""Checkpoints: everything that a training needs to go on to the same bits, in one file."""

from pathlib import Path
from typing import Any, NamedTuple

from rallypoint.agents.rounds.blocks import DEALT_OUT, blocks_of
from rallypoint.array_files import read_array, read_arrays, write_arrays
from rallypoint.batch_env import Snapshot
from rallypoint.counts import MOST_AT_ONCE
from rallypoint.errors import UnreadableFile

CHECKPOINT = "checkpoint.npz"
_FORMAT = "rallypoint-checkpoint-4"


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


def read_blocks(folder: Path) -> list[list[int]]:
    """Read which contributors lived in one world, and nothing else of a folder's checkpoint.

    Raises:
        UnreadableFile: there is none, it is damaged, or it does not tell.
    """
    path, name, most = folder / CHECKPOINT, DEALT_OUT, 8 * MOST_AT_ONCE
    if not path.is_file():
        raise UnreadableFile(f"{folder} holds no {CHECKPOINT}")
    of_each = read_array(path, name, what="checkpoint", most=most)
    if of_each.ndim != 1 or of_each.dtype.kind not in "iu":
        raise UnreadableFile(f"{name} of {path} is no list of blocks")
    return blocks_of({name: of_each})


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
