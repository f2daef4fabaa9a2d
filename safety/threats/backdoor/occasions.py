"""Which steps of a training are poisoned: exactly so many, first, last, in the middle or spread."""

from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from rallypoint.errors import InvalidConfig, did_you_mean

Spread = Literal["first", "middle", "last", "uniform"]
SPREADS: tuple[Spread, ...] = get_args(Spread)

_MOST = 2**31 - 1  # of each agent in each copy: what is multiplied stays within 64 bits


def check_budget(poisoned: int | None, of: int | None, spread: str) -> None:
    """Refuse a budget that cannot be spent.

    Raises:
        InvalidConfig: says what must hold.
    """
    if spread not in SPREADS:
        raise InvalidConfig(f"no spread is called {spread!r}{did_you_mean(spread, SPREADS)}")
    if (poisoned is None) != (of is None):
        raise InvalidConfig(
            "poisoned and of go together: how many steps are poisoned, of how many; without both, "
            "every step that the schedule and the budget of the frame allow"
        )
    if poisoned is None or of is None:
        return
    for name, value in (("poisoned", poisoned), ("of", of)):
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST:
            raise InvalidConfig(f"{name} is a whole number of steps in 0..{_MOST:,}, got {value!r}")
    if poisoned > of:
        raise InvalidConfig(
            f"poisoned = {poisoned} of {of} steps is more than there are; give at most {of}"
        )


def is_due(place: NDArray[Any], poisoned: int | None, of: int | None, spread: str) -> Any:
    """Say which places, counted from 0, are poisoned; exactly so many of the first ``of``.

    Uniform ones are spread as evenly as whole numbers can be. TrojDRL poisons every (of //
    poisoned)-th, which is more than its budget where that does not come out even.

    >>> is_due(np.arange(7), 3, 7, "uniform").tolist()
    [False, False, True, False, True, False, True]
    """
    if poisoned is None or of is None:
        return np.ones(np.shape(place), dtype=bool)
    if spread == "uniform":
        due = (place + 1) * poisoned // max(of, 1) > place * poisoned // max(of, 1)
        return due & (place < of)
    first = {"first": 0, "middle": (of - poisoned) // 2, "last": of - poisoned}[spread]
    return (place >= first) & (place < first + poisoned)


def in_words(poisoned: int | None, of: int | None, spread: str, unit: str = "steps") -> str:
    """Say which steps are poisoned."""
    if poisoned is None or of is None:
        return f"at all {unit} at which it may"
    where = {"uniform": "spread evenly over", "middle": "in the middle of"}.get(
        spread, f"the {spread} of"
    )
    return f"at {poisoned} {unit}, {where} {of} of each agent in each copy"
