"""Settings are of the kinds that a signature declares, wherever they come from."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack

import numpy as np
import pytest

import rallypoint
from rallypoint.config import Config, from_dict
from rallypoint.declared import check_declared, declared
from rallypoint.errors import InvalidConfig
from rallypoint.registration import envs, spec

if TYPE_CHECKING:
    from decimal import Decimal

_WORLDS = sorted(name for name in envs if "/" not in name)
_NOTHING: Any = None


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (1, float),
        (np.float32(1), float),
        (np.int64(1), int),
        (np.bool_(True), bool),
        (None, int | None),
        ((1, 2.5), Sequence[float]),
        (np.zeros((2, 2)), Sequence[Sequence[float]]),
        (range(3), Sequence[int]),
        ([1, "a"], tuple[int, str]),
        ([1, 2, 3], tuple[int, ...]),
        ([], list[int]),
        ("a", Literal["a", "b"]),
        ("word", str | np.ndarray),
        (object(), Any),
        ("a word", np.ndarray),  # which nothing is known of
        ("a word", [int]),  # no kind at all
        (np.str_("a"), Literal["a", "b"]),
        (deque([1, 2]), Sequence[int]),
    ],
)
def test_what_is_declared_is_taken(value, kind):
    check_declared({"setting": value}, {"setting": kind})


@pytest.mark.parametrize(
    ("value", "kind", "says"),
    [
        ("False", bool, "setting is true or false, got 'False'"),
        (1, bool, "setting is true or false, got 1"),
        (True, int, "setting is an integer, got True"),
        (1.0, int, "setting is an integer, got 1.0"),
        (True, float, "setting is a number, got True"),
        ("1", float, "setting is a number, got '1'"),
        (None, float, "setting is a number, got None"),
        (1, str, "setting is text, got 1"),
        ("x", int | None, "setting is an integer or null, got 'x'"),
        ("x", float | Literal["mean"], "setting is a number or 'mean', got 'x'"),
        (3, Sequence[float], "setting is a list of numbers, got 3"),
        ("12", Sequence[int], "setting is a list of integers, got '12'"),
        ([1, "x"], Sequence[float], r"setting is a list of numbers, got \[1, 'x'\]"),
        ([[1], 2], Sequence[list[int]], "setting is a list of lists of integers, got"),
        ([1], tuple[int, str], r"setting is a list of 2: an integer, text, got \[1\]"),
        (1, Literal["a", 1.0], "setting is one of 'a', 1.0, got 1"),
        ({"a": 1}, tuple[int, ...], "setting is a list of integers, got {'a': 1}"),
        (np.array(3), Sequence[int], r"setting is a list of integers, got array\(3\)"),
        (np.str_("c"), Literal["a"], "setting is 'a', got"),
        (True, Literal[1], "setting is 1, got True"),
    ],
)
def test_what_is_of_another_kind_is_refused_in_words(value, kind, says):
    with pytest.raises(InvalidConfig, match=says):
        check_declared({"setting": value}, {"setting": kind})


class Handed(TypedDict, total=False):
    width: int


def make(first, number: "float" = 1.0, none: int = _NOTHING, **rest: Unpack[Handed]):
    return first, number, none, rest


def make_anything(price: "Decimal", **rest: Any):
    return price, rest


def test_kinds_are_read_from_a_signature():
    kinds, takes_others = declared(make)
    assert kinds == {"first": Any, "number": float, "none": int | None, "width": int}
    assert not takes_others


def test_names_for_type_checkers_only_are_nobodys_kind():
    kinds, takes_others = declared(make_anything)
    assert kinds == {"price": Any}
    assert takes_others


class Loose(TypedDict, total=False):
    price: "Decimal"


def loose(hook: callable = None, sizes: [int] = (3,), **rest: Unpack[Loose]):  # noqa: RUF013
    return hook, sizes, rest


def in_words(hook: "a function, or nothing" = None, sizes: "np.nothing" = (3,), price=1):  # noqa: F722
    return hook, sizes, price


@pytest.mark.parametrize("takes", [loose, in_words])
def test_annotations_that_are_no_kinds_are_passed_over(takes):
    kinds, _ = declared(takes)
    check_declared({"hook": print, "sizes": (1, 2), "price": 1}, kinds)
    assert kinds["hook"] is kinds["price"] is Any


@dataclass(frozen=True, kw_only=True)
class Hooked(Config):
    """Somebody's config."""

    hook: callable = None
    width: int = 3
    price: "Decimal" = 1

    def __post_init__(self):
        assert self.width > 0  # which a word would not survive


def test_a_config_may_have_fields_whose_annotations_are_no_kinds():
    assert Hooked(hook=print, price=2).hook is print
    for make in (partial(Hooked, hook=print), lambda **told: from_dict(Hooked, told)):
        with pytest.raises(InvalidConfig, match=r"^Hooked: width is an integer, got 'x'$"):
            make(width="x")


@pytest.mark.parametrize("world", _WORLDS)
def test_every_world_refuses_a_word_where_it_declares_a_number_or_a_choice(world):
    kinds, _ = declared(spec(world).load())
    plain = [name for name, kind in kinds.items() if kind in (bool, int, float)]
    for name in plain:
        with pytest.raises(InvalidConfig, match=f"^{name} is "):
            rallypoint.make(world, **{name: "no"})
