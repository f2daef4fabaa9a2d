"""Sizes that no world has are refused by all worlds that have sizes."""

import warnings

import numpy as np
import pytest

import rallypoint
from rallypoint.envs.checks import check_number
from rallypoint.errors import InvalidConfig


@pytest.mark.parametrize(
    ("world", "setting"),
    [("gathering-v0", "cells"), ("gathering-v0", "num_agents"), ("torus-v0", "num_agents")],
)
@pytest.mark.parametrize("size", [10**30, 3 * 10**9, 0, -1, 2.0, True])
def test_sizes_that_cannot_be_meant_are_refused(world, setting, size):
    says = "an integer"
    if size > 2**31:
        says = "a whole number of at most|an integer up to 2,147,483,647"
    with pytest.raises(InvalidConfig, match=f"{setting} is ({says})"):
        rallypoint.make(world, **{setting: size})


@pytest.mark.parametrize(
    ("value", "bounds", "says"),
    [
        ("1", {}, "share is a finite number, got '1'"),
        (True, {}, "share is a finite number, got True"),
        (None, {"least": 0}, "share is a finite number >= 0, got None"),
        (float("nan"), {}, "share is a finite number, got nan"),
        (float("inf"), {"least": 0}, "share is a finite number >= 0, got inf"),
        (np.float32("inf"), {"least": 0}, r"share is a finite number >= 0, got np.float32\(inf\)"),
        (np.complex64(1), {"least": 0}, "share is a finite number >= 0, got np.complex64"),
        (10**400, {"above": 0}, "share is a finite number > 0, got 1000"),
        (0, {"above": 0}, "share is a finite number > 0, got 0"),
        (1.5, {"least": 0, "most": 1}, r"share is a finite number in \[0, 1\], got 1.5"),
    ],
)
def test_what_is_no_number_of_its_bounds_is_refused(value, bounds, says):
    with pytest.raises(InvalidConfig, match=f"^{says}"):
        check_number("share", value, **bounds)


@pytest.mark.parametrize("value", [1, 0.5, np.float16(1), np.float32(0.5), np.int8(1)])
def test_every_kind_of_number_within_its_bounds_is_taken_without_a_word(value):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_number("share", value, 0, 1, above=0)
