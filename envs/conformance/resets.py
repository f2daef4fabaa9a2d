"""A masked reset starts the masked copies, and the others do not notice."""

import numpy as np

from rallypoint.batch_env import Array, BatchEnv, Mask
from rallypoint.envs.conformance.recording import Moment, Recorder, difference, named
from rallypoint.envs.conformance.subject import Subject
from rallypoint.errors import NotConformant

_STEPS = 3  # before and after, as far as the episodes are that long
_RESET, _REST = [0, 2], [1, 3]


def check(subject: Subject) -> None:
    """Reset none, and then two, of four copies in the middle of their episodes.

    Raises:
        NotConformant: names what changed in which row.
    """
    halfway, plain, whole = (Recorder(subject.make(copies=4)) for _ in range(3))
    for recorder in (halfway, plain, whole):
        recorder.begin(seed=0)
        recorder.step(min(_STEPS, subject.steps - 1))
    env = halfway.env
    before = _now(halfway)
    halfway.restart(np.zeros(4, dtype=bool))
    if found := difference(env, before, _now(halfway)):
        raise NotConformant(f"a reset with a mask of no rows changes {found}")
    halfway.restart(_mask(_RESET))
    if found := difference(env, before, _now(halfway), _REST, _REST):
        raise NotConformant(
            f"a reset of rows {_RESET} changes others; copies may not touch: {found}"
        )
    whole.begin()
    if found := difference(env, _now(halfway), _now(whole), _RESET, _RESET):
        raise NotConformant(
            f"a reset of rows {_RESET} starts another episode than one of all: {found}"
        )
    for recorder in (halfway, plain):
        recorder.moments.clear()
        recorder.step(min(_STEPS, subject.steps))
    if found := difference(env, halfway.moments, plain.moments, _REST, _REST):
        raise NotConformant(f"a reset of rows {_RESET} changes what becomes of others: {found}")


def _now(recorder: Recorder) -> list[Moment]:
    env: BatchEnv = recorder.env
    arrays: dict[str, Array] = named(recorder.observations) | {"alive": env.alive}
    if "state" in env.offers:
        arrays |= {"state()": env.state()}
    return [Moment("that moment", {name: array.copy() for name, array in arrays.items()})]


def _mask(rows: list[int]) -> Mask:
    mask = np.zeros(4, dtype=bool)
    mask[rows] = True
    return mask
