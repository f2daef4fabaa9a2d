"""Whether an answer is an update: its form, and whether numbers that are not finite are meant."""

from typing import Any

import numpy as np

from rallypoint.agents.rounds.host import Answer
from rallypoint.agents.rounds.protocols import Arrived, Mask
from rallypoint.agents.rounds.work import Filtered, Found, Lived

_TOLD = {"digests": str, "filtered": Filtered}
_LIVED = {"returns": np.float64, "episodes": np.int64, "lengths": np.int64, "steps": np.int64}


def fault_of(answer: Any, count: int, size: int, parts: int) -> str | None:
    """Say what is wrong with an answer that should hold updates (count, size); None: nothing.

    Whose answer it is needs no check: it is that of whoever was asked, whatever it says.

    Args:
        answer: of whoever was asked.
        count: of contributors.
        size: of the model.
        parts: of the model, one for each actor that is learned.
    """
    if not isinstance(answer, Answer) or not isinstance(answer.found, Found | None):
        return f"answered a {type(answer).__name__}, no Answer"
    found = answer.found
    if found is None:
        return "does not know where the fragment starts"
    if not isinstance(found.lived, Lived):
        return f"lived is a Lived, got {type(found.lived)}"
    if not _is_tuple_of(Lived, found.lived.of_actors):
        return f"lived.of_actors are a tuple of Lived, got {type(found.lived.of_actors)}"
    of_each = parts if parts > 1 else 0  # what a single actor lived is told already
    if (told := len(found.lived.of_actors)) != of_each:
        return f"lived.of_actors are {of_each}, got {told}"
    lived = (found.lived, *found.lived.of_actors)
    faults = (
        _unlike("updates", found.updates, (count, size), np.float32),
        _unlike("speaks", found.speaks, (count,), np.bool_),
        None
        if found.speaks_of is None
        else _unlike("speaks_of", found.speaks_of, (count, parts), np.bool_),
        *(_fault_of_lived(one, count) for one in lived),
    )
    return next((fault for fault in faults if fault is not None), None)


def _is_tuple_of(kind: type[Any], told: Any) -> bool:
    return isinstance(told, tuple) and all(isinstance(one, kind) for one in told)


def _fault_of_lived(lived: Lived, count: int) -> str | None:
    for name, kind in _TOLD.items():
        told = getattr(lived, name)
        if not _is_tuple_of(kind, told):
            return f"lived.{name} are a tuple of {kind.__name__}, got {type(told)}"
        if len(told) not in {0, count}:
            return f"lived.{name} are {count} or none, got {len(told)}"
    faults = (
        _unlike(f"lived.{name}", getattr(lived, name), (count,), dtype)
        for name, dtype in _LIVED.items()
    )
    return next((fault for fault in faults if fault is not None), None)


def _unlike(name: str, part: Any, shape: tuple[int, ...], dtype: type[Any]) -> str | None:
    if isinstance(part, np.ndarray) and part.shape == shape and part.dtype == dtype:
        return None
    came = f"{part.dtype} {part.shape}" if isinstance(part, np.ndarray) else type(part)
    return f"{name} are {np.dtype(dtype)} {shape}, got {came}"


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
