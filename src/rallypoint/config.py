"""Configs: frozen, keyword-only dataclasses that check themselves; to plain values and back."""

import dataclasses
import keyword
import math
import typing
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar

import msgspec
import numpy as np

from rallypoint.counts import check_counts
from rallypoint.declared import check_declared, kinds_of, or_default
from rallypoint.errors import InvalidConfig, NotConformant, did_you_mean

Config = TypeVar("Config")
_MADE_OF = (typing.Union, UnionType, tuple, list, Sequence)  # plain kinds, if of nothing else


def to_dict(config: Any) -> dict[str, Any]:
    """Return a config as plain dicts, lists, strings and numbers, ready for JSON.

    A field whose name would be a Python keyword ends in an underscore that files do not show:
    ``from_`` is the key ``from``.
    """
    fields = [field.name for field in dataclasses.fields(config) if field.init]
    return {file_key(name): _plain(getattr(config, name)) for name in fields}


def from_dict(kind: type[Config], values: Mapping[str, Any], *, where: str = "") -> Config:
    """Build a config from plain values, refusing what it does not know.

    Args:
        kind: the dataclass.
        values: plain values, as ``to_dict`` or a TOML file gives them; numbers may be NumPy's.
        where: how to name the place in messages, such as ``"threats[0]"``.

    Raises:
        InvalidConfig: an unknown key (with the nearest known one), a wrong type or value, or a
            number that nobody can mean: see ``rallypoint.counts``.
    """
    if isinstance(values, Mapping):
        check_counts(values, where=where)
    fields = _as_fields(kind, values, where)
    try:
        return msgspec.convert(fields, kind, strict=True)
    except msgspec.ValidationError as error:
        place = f"{where or kind.__name__}: "
        raise InvalidConfig(f"{place}{str(error).replace('$.', '')}") from error


def check_frozen(config: Any, label: str) -> None:
    """Refuse a part of somebody's that is no frozen dataclass with keyword-only fields.

    Raises:
        NotConformant: says which part, by its label, and what it must be.
    """
    kind: Any = type(config)
    # Of the class itself: a subclass that forgets the decorator inherits its parent's.
    if "__dataclass_params__" not in vars(kind) or not kind.__dataclass_params__.frozen:
        raise NotConformant(f"{label} must be a @dataclass(frozen=True, kw_only=True)")
    if loose := [field.name for field in dataclasses.fields(config) if not field.kw_only]:
        raise NotConformant(f"{label} must have keyword-only settings; {loose[0]!r} is not")


def check_kinds(config: Any, *, only: Collection[Any] = ()) -> None:
    """Refuse a config with a field of another kind than it declares, where that is a plain one.

    Files are held to that as they are read; Python is not.

    Args:
        config: of any class.
        only: plain kinds such as int; a field that may be of any other is not looked at.

    Raises:
        InvalidConfig: says which, what it is and what came.
    """
    kind: Any = type(config)
    kinds = _kinds(kind)
    if only:
        kinds = {name: each for name, each in kinds.items() if _plain_kinds(each) <= {*only}}
    check_declared({name: getattr(config, name) for name in kinds}, kinds)


def check_least(config: Any, least: float, *names: str) -> None:
    """Refuse a config in which a field of these is less, or no finite number.

    Raises:
        InvalidConfig: says which.
    """
    for name in names:
        if not least <= (value := getattr(config, name)) < math.inf:
            finite = "finite " if value == math.inf else ""
            raise InvalidConfig(f"{name} is a {finite}number >= {least}, got {value}")


def check_within(config: Any, interval: str, *names: str) -> None:
    """Refuse a config in which a field of these does not lie in an interval, as "(0, 1]".

    Raises:
        InvalidConfig: says which; what is not a number, or infinite, lies in none.
    """
    low, high = map(float, interval[1:-1].split(","))
    meant = f"lies in {interval}" if high < math.inf else f"is a finite number > {low:g}"
    for name in names:
        value = getattr(config, name)
        is_end = (value == low and interval[0] == "[") or (value == high and interval[-1] == "]")
        if not (low < value < high or is_end):
            raise InvalidConfig(f"{name} {meant}, got {value}")


def file_key(field: str) -> str:
    """Return how files spell a field.

    >>> file_key("from_")
    'from'
    """
    bare = field.removesuffix("_")
    return bare if keyword.iskeyword(bare) else field


@cache
def _kinds(kind: type[Any]) -> dict[str, Any]:
    hints = kinds_of(kind)
    fields = [field for field in dataclasses.fields(kind) if field.init]
    return {field.name: or_default(hints.get(field.name, Any), field.default) for field in fields}


def _plain_kinds(kind: Any) -> set[Any]:
    """Return all that something of a kind may be, or be made of, but None."""
    if typing.get_origin(kind) not in _MADE_OF:
        return {kind if isinstance(kind, type) else object} - {NoneType}
    return set().union(*map(_plain_kinds, set(typing.get_args(kind)) - {Ellipsis}))


def _plain(value: Any) -> Any:
    # Not msgspec.to_builtins all the way: of a config that msgspec made, it leaves defaults out.
    if dataclasses.is_dataclass(value):
        return to_dict(value)
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return msgspec.to_builtins(_without_numpy(value))


def _as_fields(kind: Any, values: Any, where: str) -> Any:
    """Return values with keys named as the fields are, refusing those that are none."""
    kinds = [k for k in (kind, *typing.get_args(kind)) if dataclasses.is_dataclass(k)]
    if not kinds or not isinstance(values, Mapping):
        is_several = isinstance(values, list | tuple)
        return [*map(_without_numpy, values)] if is_several else _without_numpy(values)
    hints = typing.get_type_hints(kinds[0])
    fields = {file_key(f.name): f.name for f in dataclasses.fields(kinds[0]) if f.init}
    known = {}
    for key, value in values.items():
        if key not in fields:
            place = where or str(getattr(kind, "__name__", kind))
            raise InvalidConfig(f"{place} has no key {key!r}{did_you_mean(str(key), fields)}")
        place = f"{where}.{key}" if where else str(key)
        known[fields[key]] = _as_fields(hints[fields[key]], value, place)
    return known


def _without_numpy(value: Any) -> Any:
    """Return a number or an array of NumPy's as Python has it, and all else as it is."""
    return value.tolist() if isinstance(value, np.generic | np.ndarray) else value
