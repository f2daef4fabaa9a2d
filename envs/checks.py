"""Settings of worlds that cannot be meant, refused with the reason."""

import sys
from collections.abc import Iterable
from reprlib import repr as shortened
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rallypoint.errors import InvalidConfig, did_you_mean

_MOST = 2**31 - 1  # of anything that is counted in a world


def check_size(name: str, value: Any, least: int) -> None:
    """Refuse a number of things that is no integer, too small, or larger than any array.

    Raises:
        InvalidConfig: says what it must be.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise InvalidConfig(f"{name} is an integer >= {least}, got {value!r}")
    if value > _MOST:
        raise InvalidConfig(f"{name} is an integer up to {_MOST:,}, got {value}")


def check_number(
    name: str,
    value: Any,
    least: float = -np.inf,
    most: float = np.inf,
    *,
    above: float | None = None,
) -> None:
    """Refuse what is no finite number, or lies outside of [least, most], or not above something.

    Raises:
        InvalidConfig: says what it must be.
    """
    is_number = isinstance(value, int | float | np.integer | np.floating)
    plain = value.item() if isinstance(value, np.generic) else value  # its type may hold no bound
    is_finite = is_number and abs(plain) <= sys.float_info.max  # of whole numbers of any length
    is_finite = is_finite and not isinstance(value, bool)
    if is_finite and least <= plain <= most and (above is None or plain > above):
        return
    bounds = [f"> {above:g}"] if above is not None else []
    bounds += [f">= {least:g}"] if least > -np.inf and most == np.inf else []
    bounds += [f"in [{least:g}, {most:g}]"] if most < np.inf else []
    raise InvalidConfig(" ".join([f"{name} is a finite number", *bounds]) + f", got {value!r}")


def check_name(kind: str, name: Any, known: Iterable[str]) -> None:
    """Refuse a name that nothing of its kind has.

    Raises:
        InvalidConfig: names the nearest.
    """
    names = list(known)
    if name not in names:
        raise InvalidConfig(f"no {kind} is called {name!r}{did_you_mean(str(name), names)}")


def checked_start(
    start: Any, known: Iterable[str], shape: tuple[int, ...], end: int
) -> str | NDArray[np.int64]:
    """Return where agents start: by a name that is known, or at places of a shape (E, N, …).

    Raises:
        InvalidConfig: another name, and the nearest; or other places than integers in 0 … end - 1,
            of that shape or of one copy's.
    """
    if isinstance(start, str):
        check_name("start", start, known)
        return start
    places = np.asarray(start)
    if places.shape not in {shape, shape[1:]} or places.dtype.kind not in "iu":
        raise InvalidConfig(
            f"start positions are integers of shape {shape[1:]} or {shape}, got {places.dtype} "
            f"{places.shape}"
        )
    if places.min() < 0 or places.max() >= end:
        raise InvalidConfig(f"start positions lie in 0..{end - 1}, got {shortened(start)}")
    return np.broadcast_to(places, shape).astype(np.int64)
