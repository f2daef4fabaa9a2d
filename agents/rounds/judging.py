"""Whether an answer is an update: its form, and whether numbers that are not finite are meant."""

from typing import Any

import numpy as np

from rallypoint.agents.rounds.host import Answer
from rallypoint.agents.rounds.protocols import Arrived, Mask
from rallypoint.agents.rounds.work import Found


def fault_of(answer: Any, count: int, size: int) -> str | None:
    """Say what is wrong with an answer that should hold updates (count, size); None: nothing."""
    if not isinstance(answer, Answer) or not isinstance(answer.found, Found | None):
        return f"answered a {type(answer).__name__}, no Answer"
    if answer.found is None:
        return "does not know where the fragment starts"
    for name, shape, dtype in (
        ("updates", (count, size), np.float32),
        ("speaks", (count,), np.bool_),
    ):
        part = getattr(answer.found, name)
        if not isinstance(part, np.ndarray) or part.shape != shape or part.dtype != dtype:
            came = f"{part.dtype} {part.shape}" if isinstance(part, np.ndarray) else type(part)
            return f"{name} are {np.dtype(dtype)} {shape}, got {came}"
    return None


class Doubts:
    """Updates that are not finite are computed once more: what comes out again was really found."""

    def __init__(self) -> None:
        self._seen: dict[int, bytes] = {}  # by contributor

    def about(self, arrived: Arrived) -> Mask:
        """Return whose update is to be computed again: (k,)."""
        doubted: Mask = ~np.isfinite(arrived.updates).all(axis=1) & arrived.speaks
        for row in np.flatnonzero(doubted).tolist():
            contributor, bits = int(arrived.contributors[row]), arrived.updates[row].tobytes()
            doubted[row] = self._seen.get(contributor) != bits
            self._seen[contributor] = bits
        return doubted

    def clear(self) -> None:
        """Forget all: another version begins."""
        self._seen.clear()
