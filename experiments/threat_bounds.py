"""Between which numbers a setting must lie, as whoever reads it has it.

Configs check themselves, in words, and no second place says what they take: the bounds in a schema
are found by asking.
"""

import math
import typing
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from rallypoint.config import from_dict
from rallypoint.counts import MOST, MOST_AT_ONCE

Takes = Callable[[Any], bool]
_LEAST = math.ulp(0.0)
_ENDS = (1.0, 2.0)  # of what is real and has an upper bound
_MOST = (MOST_AT_ONCE, MOST, 2**64 - 1)  # of what is whole
_LARGE = 1000  # above every least whole number


def with_bounds(schema: dict[str, Any], kind: type[Any], key: str) -> dict[str, Any]:
    """Return the schema of a setting with the bounds that it has by itself, all else as it is.

    Looked for are 0 below and 1 or 2 above of real numbers, and of whole ones a small least and the
    largest that anybody can mean.

    Args:
        schema: of the setting.
        kind: the config that has it.
        key: the setting, as files spell it.
    """

    def takes(value: Any) -> bool:
        try:
            from_dict(kind, {key: value})
        except Exception:  # noqa: BLE001 - whatever somebody's own config raises
            return False
        return True

    return _bounded(schema, takes)


def parts_of(kind: Any) -> dict[str, type[Any]]:
    """Return a config and all configs that its settings are made of, by their names.

    By the short name and by the whole one, which a schema has for those of equal short ones.
    """
    found: dict[str, type[Any]] = {}
    left = [kind]
    while left:
        part = left.pop()
        if is_dataclass(part) and isinstance(part, type) and part not in found.values():
            found |= dict.fromkeys((part.__name__, f"{part.__module__}.{part.__qualname__}"), part)
            hints = typing.get_type_hints(part)
            left += [hints[field.name] for field in fields(part)]
        left += typing.get_args(part)
    return found


def _bounded(schema: dict[str, Any], takes: Takes) -> dict[str, Any]:
    if "anyOf" in schema:
        return schema | {"anyOf": [_bounded(one, takes) for one in schema["anyOf"]]}
    if schema.get("type") == "array" and isinstance(schema.get("items"), dict):
        return schema | {"items": _bounded(schema["items"], lambda value: takes([value]))}
    if schema.get("type") == "number":
        return schema | dict(_of_reals(takes))
    if schema.get("type") == "integer":
        return schema | dict(_of_integers(takes))
    return schema


def _of_reals(takes: Takes) -> Iterator[tuple[str, float]]:
    if not takes(0.5):  # a setting that does not go alone
        return
    if not takes(-_LEAST):
        if takes(0.0):
            yield "minimum", 0
        elif takes(_LEAST):
            yield "exclusiveMinimum", 0
    for end in _ENDS:
        if not takes(math.nextafter(end, math.inf)):
            if takes(end):
                yield "maximum", int(end)
            elif takes(math.nextafter(end, 0.0)):
                yield "exclusiveMaximum", int(end)
            return


def _of_integers(takes: Takes) -> Iterator[tuple[str, int]]:
    taken = next((value for value in (1, 10, _LARGE) if takes(value) and takes(value + 1)), None)
    if taken is None:
        return
    least = next((value for value in (-MOST, 0, 1) if takes(value)), None)
    if least is None:
        yield "minimum", _first(takes, taken)
    elif not takes(least - 1):
        yield "minimum", least
    for most in _MOST:
        if takes(most) and not takes(most + 1):
            yield "maximum", most


def _first(takes: Takes, taken: int) -> int:
    """Return the first whole number above 1 that is taken."""
    refused = 1
    while taken - refused > 1:
        middle = (taken + refused) // 2
        taken, refused = (middle, refused) if takes(middle) else (taken, middle)
    return taken
