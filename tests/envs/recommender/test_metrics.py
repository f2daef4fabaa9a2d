"""Measures of slates, against their definitions."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rallypoint.envs.recommender.metrics import click_rate, exposure, ndcg, undue_exposure


@st.composite
def shown(draw):
    """Draw slates (U, k) of different items, and chances (U, I)."""
    num_users, num_items = draw(st.integers(1, 4)), draw(st.integers(1, 6))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    size = draw(st.integers(1, num_items))
    slates = rng.random((num_users, num_items)).argsort(axis=1)[:, :size]
    return slates, rng.uniform(0.01, 1, (num_users, num_items))


@given(shown())
def test_ndcg_is_the_gain_over_the_best_possible(drawn):
    slates, chances = drawn
    for user, (slate, theirs) in enumerate(zip(slates, chances, strict=True)):
        best = sorted(theirs, reverse=True)[: len(slate)]
        gains = [
            sum(gain / math.log2(place + 2) for place, gain in enumerate(listed))
            for listed in ([theirs[item] for item in slate], best)
        ]
        assert ndcg(slates, chances)[user] == pytest.approx(gains[0] / gains[1])
        assert click_rate(slates, chances)[user] == pytest.approx(np.mean(theirs[slate]))


@given(shown())
def test_undue_exposure_counts_those_who_like_half_of_the_others_better(drawn):
    slates, chances = drawn
    item = 0
    unwanted = [
        slate for slate, theirs in zip(slates, chances, strict=True) if liked_less(theirs, item)
    ]
    among = np.mean([item in slate for slate in unwanted]) if unwanted else 0.0
    assert undue_exposure(slates, chances, item) == pytest.approx(among)
    assert exposure(slates, item).tolist() == [item in slate for slate in slates]


def liked_less(theirs, item):
    better = sum(other > theirs[item] for other in theirs)
    return better and better >= (len(theirs) - 1) / 2
