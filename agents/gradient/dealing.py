"""What there is to combine, dealt out by runs."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rallypoint.agents.gradient.perceptron import Floats
from rallypoint.agents.rounds.delivery import Brought
from rallypoint.agents.rounds.protocols import Combine
from rallypoint.batch_env import Mask


class Dealt(NamedTuple):
    """Updates that are to be combined, run by run."""

    updates: Floats  # (R, n, D)
    present: Mask  # (R, n) who sent one
    missing: Mask  # (R, n) who should have
    speaks_of: Mask  # (R, n, actors) of which actors they speak


def dealt_out(combine: Combine, brought: Brought | None, members: Mask, runs: int) -> Dealt:
    """Deal out by runs what there is to combine.

    Args:
        combine: the updates, and who is missing.
        brought: of which actors those who played have anything to say; all of all that they learn,
            if it does not tell.
        members: (n, actors) who learns which.
        runs: R.
    """
    count = len(members)
    present, missing = np.zeros((2, runs * count), dtype=bool)
    present[combine.contributors] = True
    missing[combine.missing] = True
    updates = combine.updates
    if len(updates) < runs * count:
        updates = np.zeros((runs * count, updates.shape[1]), dtype=np.float32)
        updates[combine.contributors] = combine.updates
    shape = (runs, count)
    here = present.reshape(shape)
    told = members
    if brought is not None and brought.speaks_of is not None:
        everybody = np.zeros((runs * count, members.shape[1]), dtype=bool)
        everybody[brought.contributors] = brought.speaks_of
        told = everybody.reshape(*shape, -1)
    return Dealt(updates.reshape(*shape, -1), here, missing.reshape(shape), here[..., None] & told)


def with_missing(
    rows: NDArray[np.int64], received: Floats, missing: NDArray[np.int64]
) -> tuple[NDArray[np.int64], Floats]:
    """Put rows of NaN in the places of the missing: every rule leaves them out, and lowers f."""
    if not len(missing):
        return rows, received
    nothing = np.full((len(missing), received.shape[1]), np.nan, dtype=np.float32)
    whom = np.concatenate([rows, missing])
    order = whom.argsort()
    return whom[order], np.concatenate([received, nothing])[order]
