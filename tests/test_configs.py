"""Every config, present or to come, refuses from Python what its fields do not declare."""

import dataclasses
import importlib
import pkgutil
import re
import typing
from collections.abc import Mapping, Sequence
from functools import cache
from types import NoneType, UnionType

import msgspec
import numpy as np
import pytest

import rallypoint
from rallypoint.agents import agents
from rallypoint.agents.rounds.protocols import protocols
from rallypoint.config import Config, to_dict
from rallypoint.declared import or_default
from rallypoint.errors import InvalidConfig
from rallypoint.experiments import experiments
from rallypoint.kinds import IN_OTHER_FORMS
from rallypoint.safety.aggregation.rules import aggregators
from rallypoint.safety.threats import threats

_COMPILED_OR_OF_OTHERS = re.compile(r"\.compiled_|\.rllib$|\.__main__$")  # no configs there
# What is handed over or told, with arrays of a size that only a call can know, is no config.
_TOLD = {"Context", "Seen"}
_VALUES = ("no", "", 0.5, 3, -1, True, False, None, (), [0.5], ["a"], (1, "a"), {}, {"a": "b"})
_MADE_OF = {tuple, list, dict, Mapping, Sequence, UnionType}
_KNOWN = {bool, int, float, str, NoneType}
_MANY = [list(range(200))]  # more than a line holds


@cache
def all_dataclasses():
    """Return every frozen keyword-only dataclass of ours by address."""
    found = {}
    for module in pkgutil.walk_packages(rallypoint.__path__, "rallypoint."):
        if _COMPILED_OR_OF_OTHERS.search(module.name):
            continue
        for kind in vars(importlib.import_module(module.name)).values():
            if is_plain(kind) and kind.__module__ == module.name:
                found[f"{kind.__module__}.{kind.__qualname__}"] = kind
    return found


def is_plain(kind):
    return (
        isinstance(kind, type)
        and "__dataclass_params__" in vars(kind)
        and kind.__dataclass_params__.frozen
        and all(field.kw_only for field in dataclasses.fields(kind))
    )


def configs():
    return [kind for kind in all_dataclasses().values() if issubclass(kind, Config)]


def mentioned(kind):
    """Yield the classes that an annotation mentions."""
    origin = typing.get_origin(kind) or kind
    if isinstance(origin, type) and origin not in _MADE_OF:
        yield origin
    if IN_OTHER_FORMS in typing.get_args(kind):
        yield object
    for each in typing.get_args(kind):
        yield from mentioned(each)


def is_known(kind):
    return kind in _KNOWN or dataclasses.is_dataclass(kind) or hasattr(kind, "_fields")


def wrong(kind):
    """Yield each field of a config with each value that msgspec, reading a file, would not take."""
    hints = typing.get_type_hints(kind, include_extras=True)
    for field in dataclasses.fields(kind):
        hint = or_default(hints[field.name], field.default)
        if not field.init or not all(map(is_known, mentioned(hint))):
            continue
        for value in (*_VALUES, *_MANY):
            try:
                msgspec.convert(value, hint, strict=True)
            except msgspec.ValidationError:
                yield field.name, value


def test_there_are_as_many_as_we_think():
    assert len(configs()) > 220


@pytest.mark.parametrize("kind", configs(), ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_a_value_of_another_kind_is_refused_in_a_line_that_names_part_and_field(kind):
    for name, value in wrong(kind):
        with pytest.raises(InvalidConfig) as refused:
            kind(**{name: value})
        said = str(refused.value)
        shown = repr(value) if value not in _MANY else r"[0, 1, 2,"
        assert re.match(rf"{kind.__name__}: {name} is .+, got {re.escape(shown)}", said), said
        assert "\n" not in said
        assert len(said) < 400


def test_parts_of_every_registry_are_configs():
    for registry in (threats, aggregators, protocols):
        assert not [name for name, part in registry.items() if not issubclass(part, Config)]
    assert not [name for name, one in experiments.items() if not issubclass(one.config, Config)]
    learners = [kind for kind in agents.values() if is_plain(kind)]
    assert len(learners) > 10
    assert not [kind for kind in learners if not issubclass(kind, Config)]


def test_whatever_can_be_made_of_nothing_or_is_part_of_a_config_is_one():
    loose = set()
    for kind in all_dataclasses().values():
        of = set(typing.get_type_hints(kind).values())
        if issubclass(kind, Config):
            loose |= {each for hint in of for each in mentioned(hint) if is_plain(each)}
        elif not any(is_needed(field) for field in dataclasses.fields(kind)):
            loose.add(kind)
    assert {kind.__name__ for kind in loose if not issubclass(kind, Config)} == _TOLD


def is_needed(field):
    return field.default is field.default_factory is dataclasses.MISSING


def test_numbers_of_numpy_are_numbers_and_go_into_files():
    protocol = protocols["synchronous"](deadline=np.float32(2), failures=np.int64(3))
    assert to_dict(protocol) | {"patience": 0} == {"deadline": 2.0, "patience": 0, "failures": 3}
    assert threats["crash"](victims=[0], seed=np.int64(3)).to_dict()["seed"] == 3
