"""Configs: frozen, keyword-only dataclasses that check themselves; to plain values and back."""

import dataclasses
import inspect
import keyword
import math
import typing
from collections.abc import Mapping
from functools import cache
from os import PathLike, fspath
from typing import Any, Self, TypeVar

import msgspec
import numpy as np

from rallypoint.counts import check_counts
from rallypoint.declared import check_declared, or_default
from rallypoint.errors import InvalidConfig, NotConformant, did_you_mean

Kind = TypeVar("Kind")


class Config:
    """The base of configs, which are refused a setting of another kind than its field declares.

    Files are held to that as they are read, Python is here: before ``__post_init__``, which looks
    at ranges alone. A field that Python may give in more forms than files is annotated so: see
    ``rallypoint.kinds.IN_OTHER_FORMS``. Defaults are taken at their word.

    >>> @dataclasses.dataclass(frozen=True, kw_only=True)
    ... class Noise(Config):
    ...     scale: float = 0.1
    >>> Noise(scale="much")
    Traceback (most recent call last):
    ...
    rallypoint.errors.InvalidConfig: Noise: scale is a number, got 'much'
    """

    def __new__(cls, *values: Any, **settings: Any) -> Self:
        """Look at what is said, before anything is made of it.

        Raises:
            InvalidConfig: says which setting, what it is and what came.
        """
        of: Any = cls
        kinds = _kinds(of)
        said = dict(zip(_places(of), values, strict=False)) | settings if values else settings
        check_declared(said, kinds, whose=cls.__name__)
        return super().__new__(cls)


def to_dict(config: Any) -> dict[str, Any]:
    """Return a config as plain dicts, lists, strings and numbers, ready for JSON.

    A field whose name would be a Python keyword ends in an underscore that files do not show:
    ``from_`` is the key ``from``.
    """
    fields = [field.name for field in dataclasses.fields(config) if field.init]
    return {file_key(name): _plain(getattr(config, name)) for name in fields}


def from_dict(kind: type[Kind], values: Mapping[str, Any], *, where: str = "") -> Kind:
    """Build a config from plain values, refusing what it does not know.

    Args:
        kind: the dataclass.
        values: plain values, as ``to_dict`` or a TOML file gives them; numbers may be NumPy's.
        where: how to name the place in messages, such as ``"threats[0]"``.

    Raises:
        InvalidConfig: an unknown key (with the nearest known one), a wrong type or value, or a
            number that nobody can mean: see ``rallypoint.counts``.
    """
    whose = where or kind.__name__
    if not isinstance(values, Mapping):
        raise InvalidConfig(f"{whose} is a table of settings, got {values!r}")
    check_counts(values, where=where)
    fields = _as_fields(kind, values, where)
    try:
        return msgspec.convert(fields, kind, strict=True)
    except msgspec.ValidationError as error:
        raise InvalidConfig(f"{whose}: {str(error).replace('$.', '')}") from error


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


def keep_plain(config: Any, *listed: str) -> None:
    """Keep NumPy's numbers as Python's, and in the fields named, lists and arrays as tuples.

    So that a config is what its file says: by NumPy's float64 an array would gain precision.
    """
    kind: Any = type(config)
    for name in _kinds(kind):
        value = getattr(config, name)
        if name in listed or isinstance(value, np.generic):
            object.__setattr__(config, name, as_tuples(value))


def as_tuples(value: Any) -> Any:
    """Return NumPy's numbers as Python's, and lists and arrays as tuples, however deep.

    >>> as_tuples([np.float32(0.5), np.arange(2)]), as_tuples("text")
    ((0.5, (0, 1)), 'text')
    """
    plain = _without_numpy(value)
    return tuple(map(as_tuples, plain)) if isinstance(plain, list | tuple | range) else plain


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
def _kinds(kind: Any, *, in_file: bool = False) -> dict[str, Any]:
    """Return the kind of each setting; of a word that cannot be read, nothing is known."""
    is_told = dataclasses.is_dataclass(kind)  # a part on an abstract base need not be one
    fields = [field for field in dataclasses.fields(kind) if field.init] if is_told else []
    try:
        hints = typing.get_type_hints(kind, include_extras=not in_file)
    except Exception:  # noqa: BLE001 - whatever somebody's annotation raises
        hints = {f.name: Any if isinstance(f.type, str) else f.type for f in fields}
    return {field.name: or_default(hints[field.name], field.default) for field in fields}


@cache
def _places(kind: Any) -> tuple[str, ...]:
    """Return the settings in the order of their places, which keyword-only fields come after."""
    return tuple(inspect.signature(kind).parameters)


def _plain(value: Any) -> Any:
    # Not msgspec.to_builtins all the way: of a config that msgspec made, it leaves defaults out.
    if dataclasses.is_dataclass(value):
        return to_dict(value)
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, PathLike):
        return fspath(value)
    return msgspec.to_builtins(_without_numpy(value))


def _as_fields(kind: Any, values: Any, where: str) -> Any:
    """Return values with keys named as the fields are, refusing those that are none."""
    tables: list[Any] = [k for k in (kind, *typing.get_args(kind)) if dataclasses.is_dataclass(k)]
    if not tables or not isinstance(values, Mapping):
        is_several = isinstance(values, list | tuple)
        return [*map(_without_numpy, values)] if is_several else _without_numpy(values)
    hints = {file_key(name): hint for name, hint in _kinds(tables[0], in_file=True).items()}
    fields = {file_key(name): name for name in _kinds(tables[0])}
    whose = where or tables[0].__name__
    known = {}
    for key, value in values.items():
        if key not in fields:
            raise InvalidConfig(f"{whose} has no key {key!r}{did_you_mean(str(key), fields)}")
        place = f"{where}.{key}" if where else str(key)
        known[fields[key]] = _as_fields(hints[key], value, place)
    check_declared(values, hints, whose=whose, in_file=True)
    return known


def _without_numpy(value: Any) -> Any:
    """Return a number or an array of NumPy's as Python has it, and all else as it is."""
    return value.tolist() if isinstance(value, np.generic | np.ndarray) else value
