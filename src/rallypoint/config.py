"""Configs: frozen, keyword-only dataclasses that check themselves, and their way to files and back."""

import dataclasses
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from rallypoint.errors import InvalidConfig, did_you_mean

Config = TypeVar("Config")


def to_dict(config: Any) -> dict[str, Any]:
    """Return a config as plain dicts, lists, strings and numbers, ready for JSON or TOML."""
    plain: dict[str, Any] = msgspec.to_builtins(config)
    return plain


def from_dict(kind: type[Config], values: Mapping[str, Any], *, where: str = "") -> Config:
    """Build a config from plain values, refusing what it does not know.

    Args:
        kind: the dataclass.
        values: plain values, as ``to_dict`` or a TOML file gives them.
        where: how to name the place in messages, such as ``"threats[0]"``.

    Raises:
        InvalidConfig: an unknown key (with the nearest known one), a wrong type or value.
    """
    _refuse_unknown(kind, values, where)
    try:
        return msgspec.convert(values, kind, strict=True)
    except msgspec.ValidationError as error:
        place = f"{where or kind.__name__}: "
        raise InvalidConfig(f"{place}{str(error).replace('$.', '')}") from error


def _refuse_unknown(kind: Any, values: Any, where: str) -> None:
    kinds = [k for k in (kind, *typing.get_args(kind)) if dataclasses.is_dataclass(k)]
    if not kinds or not isinstance(values, Mapping):
        return
    hints = typing.get_type_hints(kinds[0])
    known = {f.name: hints[f.name] for f in dataclasses.fields(kinds[0]) if f.init}
    for key, value in values.items():
        if key not in known:
            place = where or kinds[0].__name__
            raise InvalidConfig(f"{place} has no key {key!r}{did_you_mean(str(key), known)}")
        _refuse_unknown(known[key], value, f"{where}.{key}" if where else str(key))
