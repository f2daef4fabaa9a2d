"""Numbers with too many zeros are found where they are read."""

from dataclasses import dataclass

import pytest

from rallypoint import make
from rallypoint.config import from_dict
from rallypoint.counts import MOST, MOST_AT_ONCE, check_counts
from rallypoint.errors import InvalidConfig


@dataclass(frozen=True, kw_only=True)
class Sizes:
    rounds: int = 1
    layers: tuple[int, ...] = ()
    seed: int = 0


@pytest.mark.parametrize(
    "values",
    [
        {"rounds": MOST},
        {"rounds": -MOST},
        {"copies": MOST_AT_ONCE, "deep": {"workers": MOST_AT_ONCE}},
        {"seed": 2**64, "first_seed": 2**64, "layers": [[MOST], []]},
        {"teams": [{"copies": MOST_AT_ONCE, "seed": 2**64}, [{"seeds": [2**64]}, {}]]},
        {"scale": 1e300, "name": "9" * 99, "is_large": True, "nothing": None},
    ],
)
def test_what_can_be_meant_is_left_alone(values):
    check_counts(values)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"rounds": MOST + 1}, "rounds is a whole number of at most 1,000,000,000,000, got 1,0"),
        ({"rounds": -MOST - 1}, "got -1,000,000,000,001; take fewer"),
        (
            {"copies": MOST_AT_ONCE + 1},
            "copies is a whole number of at most 1,000,000, got 1,000,0",
        ),
        ({"deep": {"workers": 10**9}}, r"deep\.workers is"),
        ({"layers": [4, [10**30]]}, "layers is .* got one of 100 bits"),
        ({"rounds": 10**6000}, "bits"),
        (
            {"teams": [{"copies": 1}, {"copies": 10**9}]},
            r"teams\[1\]\.copies is .* most 1,000,000, ",
        ),
        ({"layers": [[{"deep": {"size": [10**30]}}]]}, r"layers\[0\]\[0\]\.deep\.size is"),
        ({"seeds": [{"seed": 2**63, "rounds": 10**30}]}, r"seeds\[0\]\.rounds is"),
    ],
)
def test_what_nobody_can_mean_is_refused_with_what_there_may_be(values, says):
    with pytest.raises(InvalidConfig, match=says) as refused:
        check_counts(values)
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize(
    "around", [lambda value: [value], lambda value: {"of": [value]}], ids=["lists", "tables"]
)
def test_what_is_nested_deeper_than_calls_can_be_is_looked_into(around):
    values = 10**30
    for _ in range(5000):
        values = around(values)
    with pytest.raises(InvalidConfig, match="of 100 bits") as refused:
        check_counts({"layers": values})
    assert len(str(refused.value)) < 200


def test_configs_and_worlds_refuse_it():
    assert from_dict(Sizes, {"rounds": MOST, "seed": 2**63}) == Sizes(rounds=MOST, seed=2**63)
    for values in ({"rounds": 10**30}, {"layers": [10**30]}):
        with pytest.raises(InvalidConfig, match=r"Sizes|rounds|layers"):
            from_dict(Sizes, values)
    for settings in ({"copies": 10**9}, {"num_agents": 10**9}, {"max_cycles": 10**30}):
        with pytest.raises(InvalidConfig, match="is a whole number of at most"):
            make("gathering-v0", **settings)
    assert make("gathering-v0", copies=[1 << 40]).num_copies == 1  # ids are no counts
