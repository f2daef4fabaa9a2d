"""A snapshot is everything: from it, any world of the kind goes on bit for bit."""

from typing import Any

import numpy as np

from rallypoint.batch_env import Array
from rallypoint.envs.conformance.faults import during
from rallypoint.envs.conformance.recording import Moment, Recorder, difference, named
from rallypoint.envs.conformance.subject import Subject
from rallypoint.errors import NotConformant

_SINCE = "after the snapshot"


def check(subject: Subject) -> None:
    """Go on from a snapshot in the world it was taken of, in one in use, and in a new one.

    Raises:
        NotConformant: names where they go another way.
    """
    recorder = Recorder(subject.make(copies=3))
    if "snapshot" not in recorder.env.offers:
        return
    recorder.begin(seed=0)
    recorder.step(subject.steps // 2)
    snapshot: Any = recorder.env.snapshot()
    _are_arrays(snapshot)
    before = {name: array.copy() for name, array in snapshot.items()}
    seen = {name: array.copy() for name, array in named(recorder.observations).items()}
    as_it_went = recorder.go_on(subject.steps, _SINCE)
    if any(snapshot[name].tobytes() != before[name].tobytes() for name in before):
        raise NotConformant("a snapshot is written to by the steps after it; take copies")
    in_use = Recorder(subject.make(copies=3))
    in_use.begin(seed=9)
    in_use.step()
    for what, other in (
        ("the world it was taken of", recorder),
        ("a world in use", in_use),
        ("a new world", Recorder(subject.make(copies=3))),
    ):
        with during(f"restore() in {what}"):
            restored = named(other.env.restore(_read_only(before)))
        found = difference(
            recorder.env, [Moment("the snapshot", seen)], [Moment("the snapshot", restored)]
        ) or difference(recorder.env, as_it_went, other.go_on(subject.steps, _SINCE))
        if found:
            raise NotConformant(f"restored in {what}, a snapshot goes on another way: {found}")


def _are_arrays(snapshot: Any) -> None:
    if not isinstance(snapshot, dict):
        raise NotConformant(f"a snapshot must be a dict, and is a {type(snapshot).__name__}")
    for name, array in snapshot.items():
        if not isinstance(array, np.ndarray) or array.dtype.kind not in "biuf":
            kind = array.dtype if isinstance(array, np.ndarray) else type(array).__name__
            raise NotConformant(
                f"a snapshot must hold arrays of numbers, and its {name!r} is {kind}"
            )


def _read_only(arrays: dict[str, Array]) -> dict[str, Array]:
    """Copy arrays as Ray or a file would hand them over."""
    frozen = {name: array.copy() for name, array in arrays.items()}
    for array in frozen.values():
        array.setflags(write=False)
    return frozen
