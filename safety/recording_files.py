"""Recordings on disk: arrays in a zip archive, nothing of which is code."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rallypoint.array_files import read_arrays, write_arrays
from rallypoint.batch_env import Array
from rallypoint.draws import Integers
from rallypoint.errors import UnreadableFile, UnwritablePath
from rallypoint.safety.recordings import Recording

FORMAT = "rallypoint-recording-3"
RECORDING = "recording"  # its folder, in that of a run

_OF_GROUPS = ("observations", "true_observations", "proposed", "executed")
# Axes of each array: M moments, K steps, E copies, N agents, n of the group; and what it may hold.
_AXES = {
    "time": ("ME", "i"), "began": ("ME", "b"), "alive": ("MEN", "b"), "crashed": ("MEN", "b"),
    "byzantine": ("MEN", "b"), "will_interrupt": ("MEN", "b"), "observations": ("MEn", "biuf"),
    "true_observations": ("MEn", "biuf"), "chosen_at": ("K", "i"), "proposed": ("KEn", "biuf"),
    "executed": ("KEn", "biuf"), "interrupted": ("KEN", "b"), "theta": ("KEN", "f"),
    "rewards": ("KEN", "iuf"), "true_rewards": ("KEN", "iuf"), "costs": ("KEN", "iuf"),
    "true_costs": ("KEN", "iuf"), "terminated": ("KEN", "b"), "truncated": ("KEN", "b"),
}  # fmt: skip
_PAIRS = (  # of equal shapes: what was told, and what was true
    ("observations", "true_observations"),
    ("proposed", "executed"),
    ("costs", "true_costs"),
)
_OPEN = {name for pair in _PAIRS for name in pair}  # which have further axes


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
    arrays: dict[str, Array] = {"copies": recording.copies}
    for name in _AXES:
        part = getattr(recording, name)
        if name in _OF_GROUPS:
            arrays |= {f"{name}/{group}": array for group, array in part.items()}
        else:
            arrays[name] = part
    write_arrays(path, arrays, about, compressed=True)


def read_recording(path: Path) -> Recording:
    """Read a recording, or one part of one.

    Raises:
        UnreadableFile: it cannot be read, is none, or its parts do not belong together.
    """
    try:
        arrays, about = read_arrays(path, what="recording")
    except FileNotFoundError as error:
        raise UnreadableFile(f"cannot read recording {path}: {error.strerror}") from error
    try:
        agents, columns = _about(about)
        recording = _recording(agents, columns, arrays.pop("copies"), arrays)
        _check(recording)
    except (AttributeError, KeyError, TypeError, ValueError, IndexError) as error:
        raise UnreadableFile(f"{path} is no recording, or a damaged one: {error}") from error
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


def _about(about: Any) -> tuple[tuple[str, ...], dict[str, slice]]:
    """Return agents, and where on their axis groups are; a ``ValueError`` if it is none of ours."""
    if about["format"] != FORMAT:
        raise ValueError(f"it is of format {about['format']!r}, and not of {FORMAT!r}")
    agents = tuple(map(str, about["agents"]))
    columns, end = {}, 0
    for group, (first, last) in about["columns"].items():
        if first != end or not isinstance(last, int) or last < first:
            raise ValueError(f"group {group!r} is at {first!r} to {last!r}")
        columns[str(group)], end = slice(first, last), last
    if end != len(agents):
        raise ValueError(f"its groups have {end} agents, of {len(agents)}")
    return agents, columns


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


def _check(recording: Recording) -> None:
    """Raise a ``ValueError`` if arrays are not those of a recording."""
    sizes = {
        "M": len(recording.time),
        "K": recording.num_steps,
        "E": len(recording.copies),
        "N": len(recording.agents),
    }
    copies, chosen_at = recording.copies, recording.chosen_at
    if copies.dtype.kind != "i" or copies.ndim != 1 or (copies < 0).any():
        raise ValueError("its copies have no whole numbers >= 0")
    shapes: dict[str, list[tuple[int, ...]]] = {}
    for name, (axes, kinds) in _AXES.items():
        part = getattr(recording, name)
        for group, array in part.items() if name in _OF_GROUPS else (("", part),):
            span = recording.columns.get(group, slice(0, 0))
            lengths = sizes | {"n": span.stop - span.start}
            expected = tuple(lengths[axis] for axis in axes)
            if array.shape[: len(axes)] != expected or array.dtype.kind not in kinds:
                came = f"{array.shape} of {array.dtype}"
                raise ValueError(f"{name} is {came}, not {expected} and on of {kinds}")
            if name not in _OPEN and array.ndim > len(axes):
                raise ValueError(f"{name} is {array.shape}, not {expected}")
            shapes.setdefault(name, []).append(array.shape)
    for one, other in _PAIRS:
        if shapes[one] != shapes[other]:
            raise ValueError(f"{one} are {shapes[one]}, and {other} {shapes[other]}")
    if ((chosen_at < 0) | (chosen_at + 1 >= sizes["M"])).any():
        raise ValueError("a step is taken at a moment that is none")
