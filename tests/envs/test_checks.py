"""Sizes that no world has are refused by all worlds that have sizes."""

import pytest

import rallypoint
from rallypoint.errors import InvalidConfig


@pytest.mark.parametrize(
    ("world", "setting"),
    [("gathering-v0", "cells"), ("gathering-v0", "num_agents"), ("torus-v0", "num_agents")],
)
@pytest.mark.parametrize("size", [10**30, 3 * 10**9, 0, -1, 2.0, True])
def test_sizes_that_cannot_be_meant_are_refused(world, setting, size):
    says = "an integer >= "
    if size > 2**31:
        says = "a whole number of at most|an integer up to 2,147,483,647"
    with pytest.raises(InvalidConfig, match=f"{setting} is ({says})"):
        rallypoint.make(world, **{setting: size})
