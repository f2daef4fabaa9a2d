"""Configs check themselves, and go to plain values and back."""

import json
import math
import re
from dataclasses import dataclass, field

import numpy as np
import pytest

from rallypoint.config import Config as Base
from rallypoint.config import check_least, check_within, from_dict, to_dict
from rallypoint.errors import InvalidConfig

NAN, INF = math.nan, math.inf


@dataclass(frozen=True, kw_only=True)
class When:
    from_: int = 0
    until: int | None = None


@dataclass(frozen=True, kw_only=True)
class Config:
    name: str
    rate: float = 0.5
    steps: tuple[int, ...] = ()
    when: When = When()
    maybe: When | None = None
    extra: dict[str, float] = field(default_factory=dict)

    def __post_init__(self):
        if not 0 <= self.rate < 1:
            raise ValueError(f"rate must lie in [0, 1), got {self.rate}")


@pytest.mark.parametrize(
    "config",
    [
        Config(name="plain"),
        Config(name="full", rate=0.25, steps=(1, 2), when=When(from_=3, until=9), maybe=When()),
        Config(name="extra", extra={"a": 1.5}),
    ],
    ids=lambda config: config.name,
)
def test_a_config_comes_back_from_json_unchanged(config):
    plain = to_dict(config)
    assert from_dict(Config, json.loads(json.dumps(plain))) == config
    assert to_dict(from_dict(Config, plain)) == plain


def test_numbers_of_numpy_are_numbers_on_the_way_in_and_out():
    values = {
        "name": "swept",
        "rate": np.float32(0.25),
        "steps": np.array([1, 2]),
        "when": {"from": np.int64(3), "until": np.uint8(9)},
    }
    meant = Config(name="swept", rate=0.25, steps=(1, 2), when=When(from_=3, until=9))
    found = from_dict(Config, values)
    assert found == meant
    assert (type(found.rate), type(found.steps), type(found.when.until)) == (float, tuple, int)
    assert from_dict(Config, values | {"steps": [np.int64(1), 2]}) == meant
    made = Config(
        name="swept",
        rate=np.float64(0.25),
        steps=(np.int64(1), np.int64(2)),
        when=When(from_=np.int64(3), until=9),
    )
    assert json.dumps(to_dict(made)) == json.dumps(to_dict(meant))
    for wrong in ({"rate": np.array([0.1])}, {"when": {"from": np.float64(1.5)}}):
        with pytest.raises(InvalidConfig, match=r"(rate is a number|from is an integer), got"):
            from_dict(Config, values | wrong)


def test_defaults_are_written_out():
    assert to_dict(Config(name="plain")) == {
        "name": "plain",
        "rate": 0.5,
        "steps": [],
        "when": {"from": 0, "until": None},
        "maybe": None,
        "extra": {},
    }


def test_a_field_named_after_a_keyword_is_spelt_without_its_underscore():
    assert from_dict(When, {"from": 4}) == When(from_=4)
    with pytest.raises(InvalidConfig, match="When has no key 'from_'; did you mean 'from'"):
        from_dict(When, {"from_": 4})


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"nam": "a"}, "Config has no key 'nam'; did you mean 'name'. Known: extra, maybe, name"),
        ({"name": "a", "when": {"form": 1}}, "when has no key 'form'; did you mean 'from'"),
        ({"name": "a", "maybe": {"unti": 1}}, "maybe has no key 'unti'; did you mean 'until'"),
        ({}, "Config: .*missing required field `name`"),
        ({"name": 3}, "^Config: name is text, got 3$"),
        ({"name": "a", "rate": "much"}, "^Config: rate is a number, got 'much'$"),
        (
            {"name": "a", "when": {"from": 1.5}},
            "^when: from is an integer, got 1.5$",
        ),
        ({"name": "a", "rate": 1.0}, r"Config: rate must lie in \[0, 1\), got 1.0"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line(values, sentence):
    with pytest.raises(InvalidConfig, match=sentence) as raised:
        from_dict(Config, values)
    assert "\n" not in str(raised.value)


def test_the_place_in_a_file_is_named():
    with pytest.raises(InvalidConfig, match=r"^threats\[2\] has no key 'nam'"):
        from_dict(Config, {"nam": 1}, where="threats[2]")
    with pytest.raises(InvalidConfig, match=r"^threats\[2\].when has no key 'form'"):
        from_dict(Config, {"name": "a", "when": {"form": 1}}, where="threats[2]")
    with pytest.raises(InvalidConfig, match=r"^threats\[2\]: name is text, got 1$"):
        from_dict(Config, {"name": 1}, where="threats[2]")


@dataclass(frozen=True)
class Sizes:
    few: int = 3
    share: float = 0.5


@pytest.mark.parametrize(
    ("sizes", "says"),
    [
        (Sizes(few=0), "few is a number >= 1, got 0"),
        (Sizes(share=0.99), "share is a number >= 1, got 0.99"),
        (Sizes(share=float("nan")), "share is a number >= 1, got nan"),
        (Sizes(share=float("inf")), "share is a finite number >= 1, got inf"),
    ],
)
def test_what_is_less_than_it_can_be_is_refused_by_name(sizes, says):
    check_least(sizes, 0, "few")
    with pytest.raises(InvalidConfig, match=f"^{says}$"):
        check_least(sizes, 1, "few" if sizes.few < 1 else "share")


@pytest.mark.parametrize(
    ("interval", "inside", "outside"),
    [
        ("[0, 1]", [0, 0.5, 1], [-5e-324, 1 + 2**-52, NAN, INF]),
        ("(0, 1]", [5e-324, 1.0], [0, -1, 1.5, NAN]),
        ("[0, 1)", [0.0, 1 - 2**-53], [1, -1, NAN]),
        ("(0, 0.5)", [0.25], [0, 0.5, NAN]),
        ("(0, inf)", [5e-324, 1e300], [0, -1, NAN, INF]),
    ],
)
def test_what_lies_in_an_interval_is_taken_and_all_else_refused_by_name(interval, inside, outside):
    says = "is a finite number > 0" if "inf" in interval else f"lies in {interval}"
    for share in inside:
        check_within(Sizes(share=share), interval, "share")
    for share in outside:
        with pytest.raises(InvalidConfig, match=f"^{re.escape(f'share {says}, got {share}')}$"):
            check_within(Sizes(few=0.25, share=share), interval, "few", "share")


@dataclass(frozen=True)
class InOrder(Base):
    few: int = 3
    share: float = 0.5


def test_what_is_given_by_its_place_is_looked_at_too():
    assert InOrder(4, 1).share == 1
    with pytest.raises(InvalidConfig, match=r"^InOrder: share is a number, got '1'$"):
        InOrder(4, "1")
    with pytest.raises(TypeError, match="positional"):
        InOrder(4, 1, 2)
