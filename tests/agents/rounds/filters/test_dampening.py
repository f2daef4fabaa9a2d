"""Staleness counts for less: never for nothing, and not at all when there is none."""

import numpy as np
import pytest

from rallypoint.agents.rounds.filters.dampening import Dampening
from rallypoint.errors import InvalidConfig


@pytest.mark.parametrize(
    ("way", "expected"), [("none", 1.0), ("inverse", 0.25), ("exponential", 0.548812)]
)
def test_three_versions_ago(way, expected):
    assert Dampening(way=way).factor(3) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("way", Dampening.ways)
def test_factors_begin_at_1_and_fall_but_not_to_0(way):
    factors = np.array([Dampening(way=way).factor(tau) for tau in range(30)])
    assert factors[0] == 1
    assert (factors > 0).all()
    assert (np.diff(factors) < 0).all() or way == "none"


@pytest.mark.parametrize("settings", [{"way": "inverted"}, {"rate": 0.0}, {"rate": np.nan}])
def test_what_cannot_be_meant_is_refused(settings):
    with pytest.raises(InvalidConfig):
        Dampening(**settings)
