"""Settings held against the signature of what takes them: a word is no number, and "no" is no yes.

The command line hands on as text whatever is no JSON, and any text counts as true.
"""

import dataclasses
import difflib
import inspect
from collections.abc import Callable, Mapping
from typing import Any, Literal, Unpack, get_args, get_origin, get_type_hints

from rallypoint.errors import InvalidConfig
from rallypoint.kinds import fits, in_words

_MOST = 200  # letters of what came that a message repeats


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
        return get_type_hints(table, include_extras=True)
    except Exception:  # noqa: BLE001 - whatever somebody's annotation raises
        return dict.fromkeys(table.__annotations__, Any)


def or_default(kind: Any, default: Any) -> Any:
    """Return the kind of a setting, of which the default may be said whatever is declared.

    >>> or_default(int, None), or_default(callable, None)  # the latter is a function, and no kind
    (int | None, typing.Any)
    >>> or_default(int, 3), or_default(int, "auto")
    (<class 'int'>, typing.Union[int, typing.Literal['auto']])
    """
    is_required = default is dataclasses.MISSING or default is inspect.Parameter.empty
    if is_required or (default is not None and fits(default, kind)):
        return kind
    try:
        return kind | (None if default is None else Literal[default])
    except TypeError:
        return Any


def check_declared(
    settings: Mapping[str, Any],
    kinds: Mapping[str, Any],
    *,
    whose: str = "",
    in_file: bool = False,
) -> None:
    """Refuse settings of another kind than is declared; see ``rallypoint.kinds``.

    Args:
        settings: by name.
        kinds: by name; of a setting that is not there nothing is known.
        whose: settings these are, for messages.
        in_file: whether tables stand for dataclasses.

    >>> check_declared({"noise": 1, "start": "here"}, {"noise": float})

    Raises:
        InvalidConfig: says which, what it is and what came.
    """
    for name, value in settings.items():
        kind = kinds.get(name, Any)
        if not fits(value, kind, in_file=in_file):
            place = f"{whose}: " if whose else ""
            words = in_words(kind, in_file=in_file)
            raise InvalidConfig(
                f"{place}{name} is {words}, got {_in_a_line(value)}{_nearest(value, kind)}"
            )


def _signature(takes: Callable[..., Any]) -> inspect.Signature:
    try:
        return inspect.signature(takes, eval_str=True)
    except Exception:  # noqa: BLE001 - an annotation may be of type checkers only, or any words
        return inspect.signature(takes)


def _nearest(value: Any, kind: Any) -> str:
    words = [each for each in get_args(kind) if isinstance(each, str)]
    near = difflib.get_close_matches(value, words, n=1) if isinstance(value, str) else []
    return f"; did you mean {near[0]!r}?" if near else ""


def _in_a_line(value: Any) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= _MOST else f"{text[: _MOST - 3]}..."
