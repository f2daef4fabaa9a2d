"""Names of chains: ``arc+nnm+trimmed_mean``, ``bucketing(size=2)+krum(variant="nf")``."""

import ast
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from rallypoint import config
from rallypoint.errors import InvalidConfig
from rallypoint.safety.aggregation.parts import Mixing, Part
from rallypoint.safety.aggregation.rules import aggregators
from rallypoint.safety.aggregation.rules.per_layer import PerLayer

_REMEMBERED = 512  # names, and parts with their parameters
_SCALARS = (str, int, float, bool, type(None))
_Settings = tuple[tuple[str, Mapping[str, Any]], ...]
_FORM = 'a chain reads as "nnm+krum" or "bucketing(size=2)+krum(variant=\'nf\')"'


def parse(name: str, parameters: Mapping[str, Any]) -> tuple[Part, ...]:
    """Return the parts that a name lists; parameters go to the last of them.

    Values in a name are Python literals; nothing is evaluated.

    Raises:
        InvalidConfig: not a chain, and where; a parameter that its part does not have.
        UnknownName: no such part; names the nearest.
        Unavailable: a part whose module does not import; says why.
    """
    if not isinstance(name, str):
        raise InvalidConfig(
            f"an aggregator is called by its name, got {name!r}; {_FORM}, and a part of your own "
            "goes by the name under which it is registered"
        )
    *before, (last, own) = _settings(name)
    if twice := sorted(own.keys() & parameters.keys()):
        raise InvalidConfig(f"{twice[0]!r} of {last} is given in {name!r} and as a keyword")
    given = {key: _plain(value) for key, value in parameters.items()}
    parts = tuple(_part(part, own) for part, own in (*before, (last, {**own, **given})))
    _check_order(name, parts)
    return parts


def _part(name: str, parameters: Mapping[str, Any]) -> Part:
    kind = aggregators[name]
    # Lists cannot be looked up, and a tuple may hold 1 where another holds True, which are equal.
    if all(isinstance(value, _SCALARS) for value in parameters.values()):
        return _remembered(kind, name, **parameters)
    return config.from_dict(kind, parameters, where=name)


# Checking parameters takes as long as aggregating a hundred thousand numbers.
@lru_cache(maxsize=_REMEMBERED, typed=True)
def _remembered(kind: type[Part], name: str, /, **parameters: Any) -> Part:
    return config.from_dict(kind, parameters, where=name)  # refuses what it does not know


@lru_cache(maxsize=_REMEMBERED)
def _settings(name: str) -> _Settings:
    try:
        tree = ast.parse(name.strip(), mode="eval").body
    except (SyntaxError, ValueError) as error:
        at = getattr(error, "offset", None) or len(name) + 1
        raise InvalidConfig(f"{_FORM}; {name!r} breaks off at character {at}") from error
    members: list[ast.expr] = []
    while isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Add):
        members.insert(0, tree.right)
        tree = tree.left
    return tuple(_member(name, member) for member in [tree, *members])


def _member(name: str, member: ast.expr) -> tuple[str, Mapping[str, Any]]:
    match member:
        case ast.Name(id=part):
            return part, {}
        case ast.Call(func=ast.Name(id=part), args=[], keywords=keywords):
            return part, {_keyword(given): _literal(name, given) for given in keywords}
        case ast.Call(func=ast.Name(id=part), args=[first, *_]):
            raise InvalidConfig(
                f"parameters of {part} are given by name, as in {part}(size=2); "
                f"the one at character {first.col_offset + 1} of {name!r} is not"
            )
    raise InvalidConfig(f"{_FORM}; no part stands at character {member.col_offset + 1} of {name!r}")


def _keyword(given: ast.keyword) -> str:
    if given.arg is None:
        raise InvalidConfig(f"{_FORM}; no part takes ** (character {given.col_offset + 1})")
    return given.arg


def _literal(name: str, given: ast.keyword) -> Any:
    try:
        return ast.literal_eval(given.value)
    except ValueError as error:
        raise InvalidConfig(
            f"{given.arg} must be a number, a text in quotes or another literal; what stands at "
            f"character {given.value.col_offset + 1} of {name!r} is none"
        ) from error


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _check_order(name: str, parts: tuple[Part, ...]) -> None:
    *before, last = parts
    if before and isinstance(before[0], PerLayer):
        before = before[1:]
    if isinstance(last, Mixing | PerLayer):
        raise InvalidConfig(
            f"a chain ends in a rule, and {last.name} is none: say {name}+mean, or another rule"
        )
    for part in before:
        if isinstance(part, PerLayer):
            raise InvalidConfig(f"per_layer comes first, if at all, and not as in {name!r}")
        if not isinstance(part, Mixing):
            raise InvalidConfig(
                f"a chain has one rule, its last part; in {name!r}, {part.name} already answers"
            )
