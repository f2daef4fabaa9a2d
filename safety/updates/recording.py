"""Updates on record: what was found and what was sent, round by round, and its files."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rallypoint.array_files import read_arrays, write_arrays
from rallypoint.batch_env import Array, Mask
from rallypoint.draws import Floats, Integers
from rallypoint.errors import UnreadableFile
from rallypoint.safety.recording_files import parts_in

FORMAT = "rallypoint-updates-1"
NOBODY = -1  # made a change, where no threat did
DIGEST = 16  # bytes

# The axes of each array, and its kind: C rounds, R updates, K changes, N contributors.
_AXES = {
    "byzantine": ("N", "b"), "numbers": ("C", "i"), "counts": ("C", "i"), "senders": ("R", "i"),
    "digests": ("R*", "u"), "norms": ("R", "f"), "rows": ("K", "i"), "threats": ("K", "i"),
    "digests_sent": ("K*", "u"), "norms_sent": ("K", "f"), "distances": ("K", "f"),
    "found": ("R*", "f"), "sent": ("K*", "f"),
}  # fmt: skip
_VECTORS = ("found", "sent")


@dataclass(frozen=True, kw_only=True)
class UpdateRecording:
    """C rounds, in which R updates were found, and K times one was replaced by a threat.

    Of each vector there are a digest and its length, and how far a change moved it: enough to tell
    that another was sent, how large it was, and whether it is the same when a run is repeated.
    """

    contributors: tuple[str, ...]  # all N
    seed: int  # of the threats' draws
    byzantine: Mask  # (N,)
    # Of rounds; where updates come one by one, each is a round of its own:
    numbers: Integers  # (C,) by which schedules and draws go
    counts: Integers  # (C,) updates that came in it
    # Of updates as they were found, round after round:
    senders: Integers  # (R,) which contributor's
    digests: NDArray[np.uint8]  # (R, 16) BLAKE2b of the numbers' bytes
    norms: Floats  # (R,)
    # Of changes, round after round, in the order in which threats act:
    rows: Integers  # (K,) which of the updates
    threats: Integers  # (K,) the number of the threat in its file; NOBODY, if none did it
    digests_sent: NDArray[np.uint8]  # (K, 16)
    norms_sent: Floats  # (K,)
    distances: Floats  # (K,) from what it was before this change
    # The vectors themselves, if they were asked for:
    found: Array | None = None  # (R, d)
    sent: Array | None = None  # (K, d)

    @property
    def rounds(self) -> Integers:
        """In which of the rounds, counted from 0, each update came: (R,)."""
        return np.repeat(np.arange(len(self.numbers)), self.counts)

    @property
    def there(self) -> Mask:
        """Who took part in each round: (C, N)."""
        there = np.zeros((len(self.numbers), len(self.contributors)), dtype=bool)
        there[self.rounds, self.senders] = True
        return there

    def touched_by(self, threat: int) -> Mask:
        """Return whose update a threat changed in each round: (C, N)."""
        touched = np.zeros((len(self.numbers), len(self.contributors)), dtype=bool)
        rows = self.rows[self.threats == threat]
        touched[self.rounds[rows], self.senders[rows]] = True
        return touched

    def arrays(self) -> dict[str, Array]:
        """Return all arrays by name."""
        found = {name: getattr(self, name) for name in _AXES}
        return {name: array for name, array in found.items() if array is not None}


def write_updates(recording: UpdateRecording, path: Path) -> None:
    """Write a recording, all of it or nothing.

    Raises:
        UnwritablePath: what was there before is still there.
    """
    about = {
        "format": FORMAT,
        "contributors": list(recording.contributors),
        "seed": recording.seed,
    }
    write_arrays(path, recording.arrays(), about)


def read_updates(path: Path) -> UpdateRecording:
    """Read a recording of updates, or one part of one.

    Raises:
        UnreadableFile: it cannot be read, is none, or its parts do not belong together.
    """
    try:
        arrays, about = read_arrays(path, what="recording of updates")
    except FileNotFoundError as error:
        raise UnreadableFile(f"cannot read recording {path}: {error.strerror}") from error
    try:
        contributors, seed = _told(about)
        _check(arrays, len(contributors))
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise UnreadableFile(f"{path} is no recording of updates, or a damaged one: {error}") from (
            error
        )
    known: dict[str, Any] = {name: arrays[name] for name in _AXES if name in arrays}
    return UpdateRecording(contributors=contributors, seed=seed, **known)


def read_all_updates(folder: Path) -> Iterator[UpdateRecording]:
    """Read the parts of a recording, in order.

    Raises:
        UnreadableFile: there are none, or one of them cannot be read.
    """
    return map(read_updates, parts_in(folder))


def _told(about: Any) -> tuple[tuple[str, ...], int]:
    """Return whose recording it is, and of which seed; a ``ValueError`` if it is none of ours."""
    if about["format"] != FORMAT:
        raise ValueError(f"it is of format {about['format']!r}, and not of {FORMAT!r}")
    return tuple(map(str, about["contributors"])), int(about["seed"])


def _check(arrays: Mapping[str, Array], num_contributors: int) -> None:
    """Raise a ``ValueError`` if arrays are not those of a recording."""
    sizes = {"N": num_contributors}
    sizes |= {"C": len(arrays["numbers"]), "R": len(arrays["senders"]), "K": len(arrays["rows"])}
    for name, (axes, kind) in _AXES.items():
        if name in _VECTORS and not set(_VECTORS) & set(arrays):
            continue
        array = arrays[name]
        if (
            array.dtype.kind != kind
            or array.ndim != len(axes)
            or len(array) != sizes[axes[0]]
            or ("digests" in name and array.shape[1] != DIGEST)
        ):
            raise ValueError(f"{name} is an array {array.shape} of {array.dtype}")
    counts = arrays["counts"]
    if (counts < 0).any() or counts.sum() != sizes["R"] or (arrays["numbers"] < 0).any():
        raise ValueError("its rounds have other updates than there are")
    for name, of in (("senders", num_contributors), ("rows", sizes["R"])):
        if ((arrays[name] < 0) | (arrays[name] >= of)).any():
            raise ValueError(f"{name} speak of what is not there")
