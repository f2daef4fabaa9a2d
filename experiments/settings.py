"""From words on the command line to the configs of a run: flags, ``--set`` and sweeps."""

import dataclasses
import inspect
import io
import itertools
import re
import tokenize
import typing
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import msgspec

from rallypoint.config import from_dict, to_dict
from rallypoint.errors import InvalidConfig, did_you_mean

# A threat file by its name; in a plan, and in what a run leaves, what the file says.
ThreatFile = str | dict[str, Any]


@dataclass(frozen=True)
class Cell:
    """One combination of a sweep's values: its name, and the config it stands for."""

    name: str  # "cycles=500", and the empty name where nothing is swept
    config: Any


def cells(config: Any, settings: Sequence[str]) -> list[Cell]:
    """Apply settings ``key=value`` to a config; several values, ``key=a,b``, make a cell each.

    Keys of nested configs are dotted. A value that is itself a list is written in brackets.

    Raises:
        InvalidConfig: an unknown key (with the nearest known one), a wrong type or value.
    """
    values_by_key: dict[str, list[str]] = {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals or not key:
            raise InvalidConfig(f"a setting looks like 'cycles=500', got {setting!r}")
        if key in values_by_key:
            raise InvalidConfig(f"{key} is set twice; several values go together: {key}=A,B")
        values_by_key[key] = split(text)
    for key, texts in values_by_key.items():
        if len(set(texts)) < len(texts):
            raise InvalidConfig(f"{key} is given the same value twice: {','.join(texts)}")
    swept = [key for key, texts in values_by_key.items() if len(texts) > 1]
    found = []
    for combination in itertools.product(*values_by_key.values()):
        value_by_key = dict(zip(values_by_key, combination, strict=True))
        name = ",".join(f"{key}={_file_name(value_by_key[key])}" for key in swept)
        found.append(Cell(name, _override(config, value_by_key)))
    if len({cell.name for cell in found}) < len(found):
        raise InvalidConfig("two cells would share a folder; give values that differ in letters")
    return found


def swept_config(config: Any, settings: Sequence[str]) -> dict[str, Any]:
    """Return the config as plain values, a list of values where several were given."""
    plain = to_dict(config)
    for setting in settings:
        key, _, text = setting.partition("=")
        hint = _hint(type(config), key)
        values = [_plain(key, value, hint) for value in split(text)]
        _put(plain, key, values if len(values) > 1 else values[0])
    return plain


def split(text: str) -> list[str]:
    """Split values at commas, but not inside brackets or quotes.

    >>> split("[0,5],[20]")
    ['[0,5]', '[20]']
    """
    parts = re.findall(r"(?:\[[^\]]*\]|\{[^}]*\}|\"[^\"]*\"|[^,])+|(?<=,)(?=,|$)|^(?=,|$)", text)
    return [part.strip() for part in parts]


def comments(kind: type[Any]) -> dict[str, str]:
    """Return the comment behind each field of a config: its unit and source, for ``--help``."""
    try:
        source = inspect.getsource(kind)
    except (OSError, TypeError):  # no source at hand, such as in an interactive session
        return {}
    comment_by_field: dict[str, str] = {}
    source = inspect.cleandoc(source)
    lines = source.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            line = lines[token.start[0] - 1].strip()
            field, colon, _ = line.partition(":")
            if colon and field.isidentifier():
                comment_by_field[field] = token.string.removeprefix("#").strip()
    return comment_by_field


def fields(kind: type[Any]) -> Iterator[tuple[str, Any, Any]]:
    """Yield name, type and default of each setting of a config."""
    hints = typing.get_type_hints(kind)
    plain = to_dict(kind())
    for field in dataclasses.fields(kind):
        yield field.name, hints[field.name], plain[field.name]


def threat_files(kind: type[Any]) -> list[str]:
    """Return which settings of a config are threat files."""
    return [name for name, hint, _ in fields(kind) if hint == ThreatFile]


def placeholder(hint: Any) -> str:
    """Say in a word, for ``--help``, what values a type has."""
    words = {int: "INTEGER", float: "NUMBER", str: "TEXT", ThreatFile: "FILE.toml"}
    if word := words.get(hint):
        return word
    if typing.get_origin(hint) is typing.Literal:
        return "|".join(map(str, typing.get_args(hint)))
    return "[A,B]" if typing.get_origin(hint) in (tuple, list) else "JSON"


def _override(config: Any, text_by_key: dict[str, str]) -> Any:
    if not text_by_key:
        return config
    kind = type(config)
    plain = to_dict(config)
    for key, text in text_by_key.items():
        _put(plain, key, _plain(key, text, _hint(kind, key)))
    return from_dict(kind, plain)


def _put(plain: dict[str, Any], key: str, value: Any) -> None:
    *path, last = key.split(".")
    for part in path:
        plain = plain[part]
    plain[last] = value


def _hint(kind: Any, key: str) -> Any:
    for part in key.split("."):
        known = {f.name for f in dataclasses.fields(kind)} if dataclasses.is_dataclass(kind) else {}
        if part not in known:
            raise InvalidConfig(f"there is no setting {key!r}{did_you_mean(part, known)}")
        kind = typing.get_type_hints(kind)[part]
    return kind


def _plain(key: str, text: str, hint: Any) -> Any:
    readings: list[Any] = [text]
    if hint is not str:
        with suppress(msgspec.DecodeError, RecursionError):
            readings.insert(0, msgspec.json.decode(text))
    for reading in readings:
        try:
            msgspec.convert(reading, hint, strict=True)
        except msgspec.ValidationError:
            continue
        return reading
    raise InvalidConfig(f"{key} is {_in_words(hint)}, got {text!r}")


def _in_words(hint: Any) -> str:
    if words := {int: "an integer", float: "a number", bool: "true or false"}.get(hint):
        return words
    if typing.get_origin(hint) is typing.Literal:
        return f"one of {', '.join(map(str, typing.get_args(hint)))}"
    if typing.get_origin(hint) in (tuple, list):
        return "a list such as [1,2] (a comma outside brackets begins another cell)"
    return str(getattr(hint, "__name__", hint))


def _file_name(text: str) -> str:
    return re.sub(r"[^\w.+-]+", "_", text).strip("_.") or "_"
