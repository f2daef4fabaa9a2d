"""Comparing what a run told with what is found now: plain values, numbers within a tolerance."""

import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from rallypoint.plain_json import to_json

_TIMES = {"seconds", "time/fps", "time/time_elapsed"}  # the latter are SB3's


def plain(value: Any) -> Any:
    """Return a value as a reader of the run's files gets it."""
    return msgspec.json.decode(to_json(value))


def differences(told: Any, found: Any, *, tolerance: float, at: str = "") -> Iterator[str]:
    """Yield in what two plain values differ, each with its place.

    Times are not compared, nor speeds: see ``is_time``.

    Args:
        told: by the run's files.
        found: now.
        tolerance: by how much numbers may differ, relative to the larger; 0: by nothing.
        at: how to name the place.
    """
    if isinstance(told, Mapping) and isinstance(found, Mapping):
        for key in dict.fromkeys([*told, *found]):
            place = f"{at}.{key}" if at else str(key)
            if key not in told or key not in found:
                yield f"{place} is only in {'the run' if key in told else 'what is found now'}"
            elif not is_time(str(key)):
                yield from differences(told[key], found[key], tolerance=tolerance, at=place)
    elif _is_list(told) and _is_list(found) and len(told) == len(found):
        for number, (one, other) in enumerate(zip(told, found, strict=True)):
            yield from differences(one, other, tolerance=tolerance, at=f"{at}[{number}]")
    elif not _same(told, found, tolerance):
        yield f"{at} was {_short(told)}, and is now {_short(found)}"


def is_time(key: str) -> bool:
    """Tell whether an entry says how long something took, or how fast it was: never so again.

    >>> is_time("wall_seconds"), is_time("second"), is_time("steps_per_second")
    (True, False, True)
    """
    return key in _TIMES or key.endswith(("_seconds", "_per_second"))


def _same(told: Any, found: Any, tolerance: float) -> bool:
    if _is_number(told) and _is_number(found):
        if max(abs(told), abs(found)) > sys.float_info.max:  # an integer that is no float
            return bool(told == found)
        return math.isclose(told, found, rel_tol=tolerance, abs_tol=tolerance)
    return type(told) is type(found) and bool(told == found)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _short(value: Any) -> str:
    text = to_json(value)
    return text if len(text) <= 40 else f"{text[:39]}…"
