"""Contraction brings honest replicas together; a mean takes them where a liar wants."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rallypoint.agents.rounds.contraction import contracted, diameter
from rallypoint.errors import InvalidUpdates


def test_three_honest_scalars_and_any_lie_stay_within_the_honest():
    """Each of the honest 0, 1, 2 hears all four, the liar's word differing from one to another."""
    for lies in ((-1e9, 0.5, 1e9), (7.0, -7.0, 1.5), (np.inf, np.nan, -np.inf)):
        after = [contracted(np.array([[0.0], [1.0], [2.0], [lie]]), "median")[0] for lie in lies]
        assert 0 <= min(after) <= max(after) <= 2


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32), scale=st.sampled_from([1e-2, 1.0, 1e3, 1e12]))
def test_medians_of_quorums_stay_in_the_honest_box_and_so_within_its_diameter(seed, scale):
    rng = np.random.default_rng(seed)
    honest = rng.standard_normal((4, 3))  # one more lies, and each hears four of five
    after = []
    for one in range(4):
        others = np.delete(np.arange(4), one)
        heard = honest[[one, *rng.choice(others, 2, replace=False)]]
        lie = scale * rng.standard_normal((1, 3))
        after.append(contracted(np.concatenate([heard, lie]), "median"))
    assert (np.min(after, axis=0) >= honest.min(axis=0) - 1e-12).all()
    assert (np.max(after, axis=0) <= honest.max(axis=0) + 1e-12).all()


def test_a_mean_is_wherever_the_liar_wants():
    heard = np.array([[0.0], [1.0], [2.0], [4e6]])
    assert contracted(heard, "mean")[0] > 9e5


def test_silence_is_left_out_and_silence_alone_is_no_answer():
    heard = np.array([[1.0], [np.nan], [3.0]])
    assert contracted(heard, "median") == contracted(heard, "mean") == 2
    with pytest.raises(InvalidUpdates, match="wait for"):
        contracted(heard[1:2], "median")


def test_the_diameter_is_the_largest_distance():
    assert diameter(np.array([[0.0, 0.0], [3.0, 4.0], [1.0, 0.0]], dtype=np.float32)) == 5
    assert diameter(np.zeros((1, 3))) == 0
