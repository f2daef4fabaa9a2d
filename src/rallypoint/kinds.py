"""What a value is, by the annotation of what takes it: whether it is of that kind, and in words."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import is_dataclass
from functools import partial
from os import PathLike
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import numpy as np

# Annotated[kind, IN_OTHER_FORMS] is what a field keeps, and files hold. From Python its class takes
# it in other forms, too, and refuses what is none of them.
IN_OTHER_FORMS: Final = "in other forms"
# Annotated[str, A_PATH] is where something lies: from Python also as a pathlib.Path.
A_PATH: Final = "a path"

_PLAIN: dict[Any, tuple[type, ...]] = {
    bool: (bool, np.bool_),
    int: (int, np.integer),
    float: (int, float, np.integer, np.floating),
    str: (str,),
    NoneType: (NoneType,),
}
# What one is, and what many are.
_PLAIN_WORDS = {
    bool: ("true or false", "true or false"),
    int: ("an integer", "integers"),
    float: ("a number", "numbers"),
    str: ("text", "texts"),
    NoneType: ("null", "null"),
}
_LISTS, _TABLES = ("a list", "lists"), ("a table", "tables")
_FUNCTIONS = ("a function", "functions")

Fits = Callable[[Any, Any], bool]  # (value, kind)


def fits(value: Any, kind: Any, *, in_file: bool = False) -> bool:
    """Say whether a value is of a kind; of one that nothing is known of, any is.

    Known are plain values, choices, functions, named tuples, dataclasses, and lists and tables.

    Args:
        value: NumPy's numbers are numbers, and any sequence but text is a list.
        kind: an annotation.
        in_file: whether tables stand for dataclasses, and lists for named tuples, as in files.

    >>> fits(1, float), fits(True, float), fits([1, "x"], tuple[int, ...]), fits("x", np.ndarray)
    (True, False, False, True)
    """
    if type(value) is kind:  # mostly
        return True
    if by_origin := _BY_ORIGIN.get(get_origin(kind)):
        return by_origin(value, get_args(kind), partial(fits, in_file=True) if in_file else fits)
    if not isinstance(kind, type):
        return True
    if kind in _PLAIN:
        is_bool = isinstance(value, bool | np.bool_)
        return isinstance(value, _PLAIN[kind]) and is_bool <= (kind is bool)
    if is_dataclass(kind):
        return isinstance(value, kind) or (in_file and isinstance(value, Mapping))
    is_named_tuple = hasattr(kind, "_fields")
    return not is_named_tuple or isinstance(value, kind) or (in_file and _is_list(value))


def in_words(kind: Any, *, in_file: bool = False) -> str:
    """Return what a value of a kind is, for messages.

    >>> in_words(tuple[float, ...] | None)
    'a list of numbers or null'
    """
    return _in_words(kind, 0, in_file=in_file)


def _any_of(value: Any, of: tuple[Any, ...], fits: Fits) -> bool:
    return any(fits(value, kind) for kind in of)


def _annotated(value: Any, of: tuple[Any, ...], fits: Fits) -> bool:
    is_path = A_PATH in of[1:] and isinstance(value, PathLike)
    return is_path or IN_OTHER_FORMS in of[1:] or fits(value, of[0])


def _one_of(value: Any, of: tuple[Any, ...], fits: Fits) -> bool:
    del fits
    plain = value.item() if isinstance(value, np.generic) else value
    is_bool = isinstance(plain, bool)  # which is an int, too
    return any(
        isinstance(plain, type(each)) and is_bool == isinstance(each, bool) and plain == each
        for each in of
    )


def _table(value: Any, of: tuple[Any, ...], fits: Fits) -> bool:
    names, entries = of or (Any, Any)
    return isinstance(value, Mapping) and all(
        fits(key, names) and fits(entry, entries) for key, entry in value.items()
    )


def _list(value: Any, of: tuple[Any, ...], fits: Fits) -> bool:
    (entries, *_) = of or (Any,)
    return _is_list(value) and all(fits(each, entries) for each in value)


def _tuple(value: Any, of: tuple[Any, ...], fits: Fits) -> bool:
    if Ellipsis in of or not of:
        return _list(value, of, fits)
    return _is_list(value) and len(value) == len(of) and all(map(fits, value, of))


def _function(value: Any, of: tuple[Any, ...], fits: Fits) -> bool:
    del of, fits
    return callable(value)


def _is_list(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return value.ndim > 0
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


_BY_ORIGIN: dict[Any, Callable[[Any, tuple[Any, ...], Fits], bool]] = {
    Union: _any_of,
    UnionType: _any_of,
    Annotated: _annotated,
    Literal: _one_of,
    Mapping: _table,
    dict: _table,
    Sequence: _list,
    list: _list,
    tuple: _tuple,
    Callable: _function,
}


def _in_words(kind: Any, number: int, *, in_file: bool = False) -> str:
    """Say what one is (0), or what many are (1)."""
    if isinstance(kind, type):
        article = "an" if kind.__name__[0] in "AEIO" else "a"
        named = (f"{article} {kind.__name__}", f"{kind.__name__}s")
        in_files = _LISTS if hasattr(kind, "_fields") else _TABLES
        return _PLAIN_WORDS.get(kind, in_files if in_file else named)[number]
    say = partial(_in_words, in_file=in_file)
    origin, of = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType, Annotated):
        kinds = of[:1] if origin is Annotated else of
        return " or ".join(say(each, number) for each in kinds)
    if origin is Literal:
        choices = ", ".join(map(repr, of))
        return f"one of {choices}" if len(of) > 1 else choices
    if origin is tuple and of and Ellipsis not in of:
        return f"{_LISTS[number]} of {len(of)}: {', '.join(say(each, 0) for each in of)}"
    words, entries = "anything", Any
    if origin in (Mapping, dict):
        words, entries = _TABLES[number], of[-1] if of else Any
    elif origin in (Sequence, list, tuple):
        words, entries = _LISTS[number], of[0] if of else Any
    elif origin is Callable:
        words = _FUNCTIONS[number]
    return words if entries is Any else f"{words} of {say(entries, 1)}"
