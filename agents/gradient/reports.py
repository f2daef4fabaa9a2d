"""What a round brought, and what came of its updates."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rallypoint.agents.gradient.perceptron import Floats
from rallypoint.agents.gradient.server import Received
from rallypoint.agents.rounds.delivery import Brought
from rallypoint.batch_env import Mask


class Report(NamedTuple):
    """What a round brought, run by run."""

    returns: Floats  # (R,) mean return of the episodes that ended, of the honest; NaN if none did
    episodes: NDArray[np.int64]  # (R,) how many these were
    steps: NDArray[np.int64]  # (R,) agent-steps played
    ratio: Floats  # (R,) sqrt of the honest updates' variance over the norm of their mean
    cosine: Floats  # (R,) of the aggregate with the honest mean
    believed: Floats  # (R, n) weights in the aggregate; 0 for the absent


class Learned(NamedTuple):
    """What came of one aggregation, run by run."""

    ratio: Floats  # (R,)
    cosine: Floats  # (R,)
    believed: Floats  # (R, n)


def report_of(brought: Brought, learned: Learned, honest: Mask) -> Report:
    """Put a round's report together; honest is (R, n)."""
    lived = brought.lived
    returns, episodes, steps = np.zeros((3, *honest.shape))
    returns.ravel()[brought.contributors] = lived.returns
    episodes.ravel()[brought.contributors] = lived.episodes
    steps.ravel()[brought.contributors] = lived.steps
    total = np.where(honest, returns, 0).sum(axis=1)
    number = np.where(honest, episodes, 0).sum(axis=1).astype(np.int64)
    mean = np.divide(total, number, out=np.full(len(total), np.nan), where=number > 0)
    played = steps.sum(axis=1).astype(np.int64)
    return Report(mean.astype(np.float32), number, played, *learned)


def spread_and_agreement(honest: Floats, answer: Received) -> tuple[float, float]:
    """Return how far honest updates (m, d) spread, for their mean's length, and what came of it.

    The first is the square root of their summed variance over the norm of their mean: resilience
    is proved for rules as long as it stays below a limit. The second is the cosine of the aggregate
    with that mean. Both are known only to whoever knows who is honest.
    """
    mean = honest.mean(axis=0, dtype=np.float64)
    length = float(np.linalg.norm(mean))
    if len(honest) < 2 or not length:
        return float("nan"), float("nan")
    variance = float(((honest - mean) ** 2).sum() / (len(honest) - 1))
    found = np.asarray(answer.aggregate, dtype=np.float64)
    scale = length * float(np.linalg.norm(found))
    return variance**0.5 / length, float(found @ mean) / scale if scale else float("nan")
