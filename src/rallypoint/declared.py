"""Settings held against the signature of what takes them: a word is no number, and "no" is no yes.

The command line hands on as text whatever is no JSON, and any text counts as true.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from types import NoneType, UnionType
from typing import Any, Literal, Union, Unpack, get_args, get_origin, get_type_hints

import numpy as np

from rallypoint.errors import InvalidConfig

_PLAIN: dict[Any, tuple[type, ...]] = {
    bool: (bool, np.bool_),
    int: (int, np.integer),
    float: (int, float, np.integer, np.floating),
    str: (str,),
    NoneType: (NoneType,),
}
_ONE = {bool: "true or false", int: "an integer", float: "a number", str: "text", NoneType: "null"}
_MANY = _ONE | {int: "integers", float: "numbers", str: "texts"}


def declared(takes: Callable[..., Any]) -> tuple[dict[str, Any], bool]:
    """Return the kind of each setting that something declares, and whether it takes others, too.

    Settings that are handed on, ``**settings: Unpack[Table]``, are the keys of that table.
    """
    kinds: dict[str, Any] = {}
    takes_others = False
    for name, parameter in _signature(takes).parameters.items():
        kind = parameter.annotation
        if parameter.kind is parameter.VAR_KEYWORD:
            is_table = get_origin(kind) is Unpack
            kinds |= kinds_of(get_args(kind)[0]) if is_table else {}
            takes_others = takes_others or not is_table
        elif isinstance(kind, str) or kind is parameter.empty:
            kinds[name] = Any
        else:
            kinds[name] = or_default(kind, parameter.default)
    return kinds, takes_others


def kinds_of(table: type) -> dict[str, Any]:
    """Return the kinds that a class declares; of one that cannot be read, nothing but the names."""
    try:
        return get_type_hints(table)
    except Exception:  # noqa: BLE001 - whatever somebody's annotation raises
        return dict.fromkeys(table.__annotations__, Any)


def or_default(kind: Any, default: Any) -> Any:
    """Return the kind of a setting, of which the default may be said whatever is declared.

    >>> or_default(int, None), or_default(callable, None)  # the latter is a function, and no kind
    (int | None, typing.Any)
    """
    if default is not None:
        return kind
    try:
        return kind | None
    except TypeError:
        return Any


def check_declared(settings: Mapping[str, Any], kinds: Mapping[str, Any]) -> None:
    """Refuse settings of another kind than is declared, where that is one of plain values.

    >>> check_declared({"noise": 1, "start": "here"}, {"noise": float, "start": np.ndarray})

    Raises:
        InvalidConfig: says which, what it is and what came.
    """
    for name, value in settings.items():
        kind = kinds.get(name, Any)
        if not _fits(value, kind):
            raise InvalidConfig(f"{name} is {_in_words(kind)}, got {value!r}")


def _signature(takes: Callable[..., Any]) -> inspect.Signature:
    try:
        return inspect.signature(takes, eval_str=True)
    except Exception:  # noqa: BLE001 - an annotation may be of type checkers only, or any words
        return inspect.signature(takes)


def _fits(value: Any, kind: Any) -> bool:
    """Say whether a value is of a kind; of one that nothing is known of, any is."""
    origin, of = get_origin(kind), get_args(kind)
    if isinstance(kind, type) and kind in _PLAIN:
        is_bool = isinstance(value, bool | np.bool_)
        return isinstance(value, _PLAIN[kind]) and is_bool <= (kind is bool)
    if origin in (Union, UnionType):
        return any(_fits(value, each) for each in of)
    if origin is Literal:
        plain = value.item() if isinstance(value, np.generic) else value
        return any(type(plain) is type(each) and plain == each for each in of)
    if origin not in (Sequence, list, tuple):
        return True
    is_array = isinstance(value, np.ndarray) and value.ndim > 0
    if not is_array and (not isinstance(value, Sequence) or isinstance(value, str | bytes)):
        return False
    kinds = of if origin is tuple and Ellipsis not in of else of[:1] * len(value)
    return len(kinds) == len(value) and all(map(_fits, value, kinds))


def _in_words(kind: Any, words: Mapping[Any, str] = _ONE) -> str:
    origin, of = get_origin(kind), get_args(kind)
    if kind in words:
        return words[kind]
    if origin in (Union, UnionType):
        return " or ".join(_in_words(each, words) for each in of)
    if origin is Literal:
        return f"one of {', '.join(map(repr, of))}"
    if origin is tuple and Ellipsis not in of:
        return f"a list of {len(of)}: {', '.join(map(_in_words, of))}"
    lists = "a list of" if words is _ONE else "lists of"
    return f"{lists} {_in_words(of[0], _MANY)}" if of else "something else"
