"""Is everything tried again and again, however often agents are interrupted?

The other half of dynamic safe interruptibility: there must be probabilities theta_t that tend to 1
under which every state and action still comes about infinitely often; joint actions for
joint-action learners, own actions in what pruning keeps for independent ones. No finite record
shows "infinitely often"; what it shows is whether the least frequent cell still gains visits, and
how fast per logarithm of time, on which the admissible schedules are at the border.
"""

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from rallypoint.errors import InvalidConfig
from rallypoint.intervals import Interval

Integers = NDArray[np.int64]
Growing = Literal["grows", "stalls", "undecided"]


class Growth(NamedTuple):
    """How many visits the least frequent cell gained, and what that says."""

    verdict: Growing
    new_visits: int  # of the least frequent cell, summed over runs
    per_e_fold: float  # the same for each run and each time that the steps grow by a factor e
    interval: Interval  # of that, exact if visits are Poisson


def visits_by(
    cells: Integers, num_cells: int, checkpoints: Integers, kept: NDArray[np.bool_] | None = None
) -> Integers:
    """Count the visits of each cell up to each checkpoint: (T,) -> (K, cells).

    Args:
        cells: (T,) the cell visited at each step.
        num_cells: how many there are; those never visited count.
        checkpoints: (K,) numbers of steps, growing, at most T.
        kept: (T,) steps that processing keeps; all if left out.

    Raises:
        InvalidConfig: cells that do not exist, or checkpoints that do not grow up to T.
    """
    steps = np.asarray(checkpoints)
    if not len(steps) or steps[0] < 1 or (np.diff(steps) < 1).any() or steps[-1] > len(cells):
        raise InvalidConfig(
            f"checkpoints are growing numbers of steps in 1..{len(cells)}, got {steps.tolist()}"
        )
    if len(cells) and not 0 <= cells.min() <= cells.max() < num_cells:
        raise InvalidConfig(
            f"cells are numbers in 0..{num_cells - 1}, got {cells.min()}..{cells.max()}"
        )
    # A visit belongs to the first checkpoint that it is not after.
    until = np.searchsorted(steps, np.arange(1, len(cells) + 1))
    counts = until < len(steps) if kept is None else (until < len(steps)) & kept
    entries = until[counts] * num_cells + cells[counts]
    by_stage = np.bincount(entries, minlength=len(steps) * num_cells)
    return by_stage.reshape(len(steps), num_cells).cumsum(axis=0)


def growth(visits: Integers, checkpoints: Integers, *, least: float, since: int = 0) -> Growth:
    """Judge whether the least frequent cell still gains visits.

    Args:
        visits: (R, K, cells) of R independent runs, up to each checkpoint; see ``visits_by``.
        checkpoints: (K,) numbers of steps.
        least: gain per e-fold of the steps that counts as growing. Where the n-th visit of a state
            tries its rarest joint action with probability c / n, the gain is c.
        since: index of the checkpoint from which on to count.

    Raises:
        InvalidConfig: shapes that do not fit, nothing after the checkpoint, or a gain that is none.
    """
    if not 0 < least < np.inf:
        raise InvalidConfig(f"the least gain that counts is a number > 0, got {least}")
    steps = np.asarray(checkpoints)
    if visits.ndim != 3 or visits.shape[1] != len(steps) or not 0 <= since < len(steps) - 1:
        raise InvalidConfig(
            "visits have shape (runs, checkpoints, cells), and there is a checkpoint after "
            f"number {since}; got {visits.shape} and {len(steps)} checkpoints"
        )
    rarest = visits.min(axis=2)  # (R, K)
    gained = int((rarest[:, -1] - rarest[:, since]).sum())
    folds = len(visits) * float(np.log(steps[-1] / steps[since]))
    low = chi2.ppf(0.025, 2 * gained) / 2 / folds if gained else 0.0
    high = chi2.ppf(0.975, 2 * gained + 2) / 2 / folds
    verdict: Growing = "undecided"
    if low >= least:
        verdict = "grows"
    elif high < least:
        verdict = "stalls"
    return Growth(verdict, gained, gained / folds, (float(low), float(high)))
