"""Settings of worlds that cannot be meant, refused with the reason."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from rallypoint.errors import InvalidConfig, did_you_mean


def check_size(name: str, value: Any, least: int) -> None:
    """Refuse a number of things that is no integer, or too small.

    Raises:
        InvalidConfig: says what it must be.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise InvalidConfig(f"{name} is an integer >= {least}, got {value!r}")


def check_name(kind: str, name: Any, known: Iterable[str]) -> None:
    """Refuse a name that nothing of its kind has.

    Raises:
        InvalidConfig: names the nearest.
    """
    names = list(known)
    if name not in names:
        raise InvalidConfig(f"no {kind} is called {name!r}{did_you_mean(str(name), names)}")
