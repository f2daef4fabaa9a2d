"""What pictures and texts say of a population: how far the episode is, how far it is gathered."""

import numpy as np
from numpy.typing import NDArray

from rallypoint.envs.drawing.dots import Marks

_GATHERED = 80  # per cent


def percent_together(share: float, *, gathered: bool) -> int:
    """Return the share of the largest group, rounded, but never to 80 from below.

    >>> percent_together(0.799, gathered=False)
    79
    """
    percent = round(100 * share)
    return percent if gathered else min(percent, _GATHERED - 1)


def time_of(step: int | None, time_limit: int | None) -> str:
    """Say how far an episode is, if known.

    >>> time_of(3, 50)
    'step 3 / 50'
    """
    if step is None:
        return ""
    return f"step {step}" + (f" / {time_limit}" if time_limit else "")


def missing(present: NDArray[np.bool_]) -> str:
    """Say who is not in the world: by number if they are few; nothing if all are there.

    >>> missing(np.array([True, False, True]))
    'gone: 1'
    """
    gone = np.flatnonzero(~present).tolist()
    if len(gone) > 6:
        return f"{len(gone)} of {len(present)} gone"
    return f"gone: {' '.join(map(str, gone))}" if gone else ""


def summary(
    present: NDArray[np.bool_],
    share: float,
    *,
    gathered: bool,
    marks: Marks,
    step: int | None,
    time_limit: int | None,
) -> str:
    """Say in a line what a picture would show.

    >>> present = np.array([True] * 4 + [False])
    >>> summary(present, 0.75, gathered=False, marks={}, step=3, time_limit=9)
    'step 3 / 9, largest group 3 of 4 (75 %), gone: 1 of 5'
    """
    living = int(present.sum())
    percent = percent_together(share, gathered=gathered)
    said = [time_of(step, time_limit)] if step is not None else []
    said.append(f"largest group {round(share * living)} of {living} ({percent} %)")
    if gathered:
        said.append("gathered")
    if living < len(present):
        said.append(f"gone: {len(present) - living} of {len(present)}")
    said += [f"{name}: {int((mask & present).sum())}" for name, mask in marks.items()]
    return ", ".join(said)
