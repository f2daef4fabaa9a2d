"""Recordings on disk: arrays in a zip archive, nothing of which is code."""

import io
import json
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rallypoint.batch_env import Array
from rallypoint.draws import Integers
from rallypoint.errors import UnreadableFile, UnwritablePath
from rallypoint.files import write_atomically
from rallypoint.safety.recordings import Recording
from rallypoint.snapshots import as_array, as_text

FORMAT = "rallypoint-recording-2"
RECORDING = "recording"  # its folder, in that of a run

_OF_GROUPS = ("observations", "true_observations", "proposed", "executed")
# The first axes of each array: M moments, K steps, E copies, N agents, n of the group.
_AXES = {
    "time": "ME", "began": "ME", "alive": "MEN", "crashed": "MEN", "byzantine": "MEN",
    "will_interrupt": "MEN", "observations": "MEn", "true_observations": "MEn", "chosen_at": "K",
    "proposed": "KEn", "executed": "KEn", "interrupted": "KEN", "theta": "KEN", "rewards": "KEN",
    "true_rewards": "KEN", "costs": "KEN", "true_costs": "KEN", "terminated": "KEN",
    "truncated": "KEN",
}  # fmt: skip


def part_path(folder: Path, number: int) -> Path:
    """Return where a part of a recording lies in its folder."""
    return folder / f"part-{number:05}.npz"


def parts_in(folder: Path) -> list[Path]:
    """Return the files of a recording's parts, in order.

    Raises:
        UnreadableFile: there are none.
    """
    paths = sorted(folder.glob("part-*.npz"))
    if not paths:
        raise UnreadableFile(f"{folder} holds no recording")
    return paths


def remove_parts(folder: Path, *, first: int = 0) -> None:
    """Remove what an earlier recording left, from a part on: a new one takes its place.

    Raises:
        UnwritablePath: one cannot be removed.
    """
    for path in folder.glob("part-*.npz"):
        if path >= part_path(folder, first):
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise UnwritablePath(f"cannot remove {path}: {error.strerror or error}") from error


def assembled(
    agents: Sequence[str],
    columns: Mapping[str, slice],
    copies: Integers,
    moments: Sequence[Mapping[str, Array]],
    steps: Sequence[Mapping[str, Array]],
) -> Recording:
    """Stack what was kept of each moment and each step into a recording."""
    arrays = {name: np.stack([kept[name] for kept in moments]) for name in moments[0]}
    if steps:
        arrays |= {name: np.stack([kept[name] for kept in steps]) for name in steps[0]}
    else:
        arrays |= _no_steps(columns, moments[0]["alive"].shape)
    return _recording(agents, columns, copies, arrays)


def write_recording(recording: Recording, path: Path) -> None:
    """Write a recording.

    Raises:
        UnwritablePath: nothing half-written is left behind.
    """
    columns = {group: [span.start, span.stop] for group, span in recording.columns.items()}
    about = {"format": FORMAT, "agents": recording.agents, "columns": columns}
    arrays: dict[str, Array] = {"about": as_array(json.dumps(about)), "copies": recording.copies}
    for name in _AXES:
        part = getattr(recording, name)
        if name in _OF_GROUPS:
            arrays |= {f"{name}/{group}": array for group, array in part.items()}
        else:
            arrays[name] = part
    packed = io.BytesIO()
    np.savez_compressed(packed, allow_pickle=False, **arrays)
    write_atomically(path, packed.getvalue())


def read_recording(path: Path) -> Recording:
    """Read a recording, or one part of one.

    Raises:
        UnreadableFile: it cannot be read, is none, or its parts do not belong together.
    """
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        about = _about(arrays.pop("about"))
        columns = {str(group): slice(*ends) for group, ends in about["columns"].items()}
        copies = arrays.pop("copies")
        recording = _recording(about["agents"], columns, copies, arrays)
    except OSError as error:
        raise UnreadableFile(f"cannot read recording {path}: {error.strerror or error}") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, TypeError, ValueError) as error:
        raise UnreadableFile(f"{path} is no recording, or a damaged one: {error}") from error
    _check(recording, path)
    return recording


def read_recordings(folder: Path) -> Iterator[Recording]:
    """Read the parts of a recording, in order.

    Raises:
        UnreadableFile: there are none, or one of them cannot be read.
    """
    return map(read_recording, parts_in(folder))


def _recording(
    agents: Sequence[str], columns: Mapping[str, slice], copies: Integers, arrays: dict[str, Array]
) -> Recording:
    fields: dict[str, Any] = {}
    for name in _AXES:
        if name in _OF_GROUPS:
            fields[name] = {group: arrays[f"{name}/{group}"] for group in columns}
        else:
            fields[name] = arrays[name]
    return Recording(agents=tuple(agents), columns=dict(columns), copies=copies, **fields)


def _about(array: Array) -> dict[str, Any]:
    """Read whose recording it is; a ``ValueError`` if it is none of ours."""
    about: dict[str, Any] = json.loads(as_text(array) or "")
    if about["format"] != FORMAT:
        raise ValueError(f"it is of format {about['format']!r}, and not of {FORMAT!r}")
    return about


def _no_steps(columns: Mapping[str, slice], shape: tuple[int, ...]) -> dict[str, Array]:
    arrays: dict[str, Array] = {"chosen_at": np.zeros(0, dtype=np.int64)}
    for name in ("interrupted", "terminated", "truncated"):
        arrays[name] = np.zeros((0, *shape), dtype=bool)
    for name in ("theta", "rewards", "true_rewards"):
        arrays[name] = np.zeros((0, *shape))
    for name in ("costs", "true_costs"):
        arrays[name] = np.zeros((0, *shape, 0))
    for group, span in columns.items():
        for name in ("proposed", "executed"):
            arrays[f"{name}/{group}"] = np.zeros((0, shape[0], span.stop - span.start))
    return arrays


def _check(recording: Recording, path: Path) -> None:
    sizes = {
        "M": len(recording.time),
        "K": recording.num_steps,
        "E": len(recording.copies),
        "N": len(recording.agents),
    }
    for name, axes in _AXES.items():
        part = getattr(recording, name)
        for group, array in part.items() if name in _OF_GROUPS else ((None, part),):
            span = slice(0, 0) if group is None else recording.columns[group]
            lengths = sizes | {"n": span.stop - span.start}
            expected = tuple(lengths[axis] for axis in axes)
            if array.shape[: len(axes)] != expected:
                raise UnreadableFile(f"in {path}, {name} is {array.shape}, not {expected} and on")
    chosen_at = recording.chosen_at
    if ((chosen_at < 0) | (chosen_at + 1 >= sizes["M"])).any():
        raise UnreadableFile(f"in {path}, a step is taken at a moment that is none")
