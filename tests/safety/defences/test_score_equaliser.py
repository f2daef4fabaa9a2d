"""The equaliser against its closed form, its promises and what it must refuse."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rallypoint.errors import InvalidConfig
from rallypoint.safety.defences.score_equaliser import equalise, least_error

SHAPES = st.tuples(st.integers(2, 4), st.integers(2, 9))


def drawn(shape, seed):
    """Draw scores (X,) and groups (G, X) that can be told apart."""
    rng = np.random.default_rng(seed)
    groups = rng.dirichlet(np.full(shape[1], 0.7), size=shape[0])
    assume(np.linalg.matrix_rank(groups - groups[0], tol=1e-3) == shape[0] - 1)
    return rng.normal(size=shape[1]), groups


@given(SHAPES, st.integers(0, 2**32))
def test_group_means_are_equal_and_nobody_is_moved_further_than_it_says(shape, seed):
    assume(shape[0] <= shape[1])
    scores, groups = drawn(shape, seed)
    found = equalise(scores, groups)
    means = groups @ (scores + found.correction)
    assert np.ptp(means) <= 1e-9
    assert np.abs(found.correction).max() <= found.error + 1e-12
    assert found.gap <= 1e-9


@given(st.integers(2, 9), st.integers(0, 2**32))
def test_for_two_groups_it_is_the_closed_form(num_profiles, seed):
    scores, groups = drawn((2, num_profiles), seed)
    found = equalise(scores, groups)
    assert found.error == pytest.approx(least_error(scores, groups), abs=1e-9)
    # The correction is that much wherever one group is the majority, and against the richer one.
    apart = groups[0] - groups[1]
    richer = np.sign(groups[0] @ scores - groups[1] @ scores)
    plain = -least_error(scores, groups) * richer * np.sign(apart)
    assert np.ptp(groups @ (scores + plain)) <= 1e-9


@given(st.integers(2, 6), st.integers(0, 2**32), st.floats(0, 1))
def test_under_a_cap_the_gap_is_what_two_groups_leave(num_profiles, seed, share):
    scores, groups = drawn((2, num_profiles), seed)
    enough = least_error(scores, groups)
    found = equalise(scores, groups, most=share * enough)
    difference = abs(groups[0] @ scores - groups[1] @ scores)
    assert found.error <= share * enough + 1e-9
    assert found.gap == pytest.approx((1 - share) * difference, abs=1e-7)


@given(SHAPES, st.integers(0, 2**32))
def test_the_gap_shrinks_as_more_is_allowed_and_is_gone_at_the_least_error(shape, seed):
    assume(shape[0] <= shape[1])
    scores, groups = drawn(shape, seed)
    error = equalise(scores, groups).error
    gaps = [equalise(scores, groups, most=share * error).gap for share in (0, 0.3, 0.7, 1.0, 1.5)]
    assert gaps[0] == pytest.approx(np.ptp(groups @ scores))
    assert all(more >= less - 1e-7 for more, less in pairwise(gaps))
    assert gaps[3] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("unit", [1e-150, 1e-10, 1e-7, 1e6, 1e12, 1e150])
@given(st.integers(2, 9), st.integers(0, 2**32), st.floats(0, 2))
def test_in_whichever_unit_scores_are_it_is_the_closed_form(unit, num_profiles, seed, share):
    scores, groups = drawn((2, num_profiles), seed)
    enough = unit * least_error(scores, groups)
    found = equalise(unit * scores, groups)
    assert found.error == pytest.approx(enough, rel=1e-6)
    assert found.gap <= 1e-9 * enough
    capped = equalise(unit * scores, groups, most=share * enough)
    difference = unit * abs(groups[0] @ scores - groups[1] @ scores)
    assert capped.error <= share * enough * (1 + 1e-12)
    assert capped.gap == pytest.approx(max(1 - share, 0) * difference, abs=1e-6 * difference)


@pytest.mark.parametrize("share", [1.0, 30.0, 1e15, np.inf])
@given(st.integers(3, 9), st.integers(0, 2**32))
def test_under_a_generous_cap_nobody_is_corrected_by_more_than_it_takes(share, num_profiles, seed):
    scores, groups = drawn((3, num_profiles), seed)
    groups[2] = groups[1]  # nothing tells these two apart, so that some of a gap is left
    means = groups @ scores + [0, 0, 1]
    least = equalise(scores, groups, means=[means[0], means[1:].mean(), means[1:].mean()]).error
    capped = equalise(scores, groups, means=means, most=share * max(least, 1))
    assert capped.gap == pytest.approx(1, abs=1e-9)
    assert capped.error <= least * (1 + 1e-9)


def test_no_smaller_error_would_do():
    scores, groups = np.array([1.0, 0.0, 0.4]), np.array([[0.8, 0.1, 0.1], [0.2, 0.6, 0.2]])
    error = equalise(scores, groups).error
    assert equalise(scores, groups, most=0.99 * error).gap > 1e-3


def test_equal_groups_need_no_correction():
    found = equalise([0.3, 0.9], [[0.5, 0.5], [0.5, 0.5]])
    assert found.correction.tolist() == [0, 0]
    assert least_error([0.3, 0.9], [[0.5, 0.5], [0.5, 0.5]]) == 0


@pytest.mark.parametrize(
    ("scores", "groups", "says"),
    [
        ([1.0, 2.0], [[1.0, 0.0, 0.0]], r"got \(2,\) and \(1, 3\)"),
        ([1.0, np.nan], [[1.0, 0.0]], "scores are finite"),
        ([1.0, 2.0], [[0.5, 0.6]], r"add up to 1, got sums \[1.1\]"),
        ([1.0, 2.0], [[0.0, 0.0]], "an empty group has none"),
        ([1.0, 2.0], [[1.5, -0.5]], "shares >= 0"),
    ],
)
def test_what_cannot_be_meant_is_refused(scores, groups, says):
    with pytest.raises(InvalidConfig, match=says):
        equalise(scores, groups)


def test_a_cap_below_nothing_and_a_closed_form_of_three_are_refused():
    with pytest.raises(InvalidConfig, match="most is the largest correction, >= 0, got -1"):
        equalise([1.0, 2.0], [[1.0, 0.0], [0.0, 1.0]], most=-1)
    with pytest.raises(InvalidConfig, match="for two groups, got 3"):
        least_error([1.0, 2.0], np.full((3, 2), 0.5))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"scores": [1.7e308, 0.0, -1.7e308]}, "further apart than numbers reach; bring"),
        ({"scores": ["a", 1.0, 2.0]}, r"scores are \(X,\) and groups \(G, X\)"),
        ({"groups": [[1.0, 0.0, 0.0], [1.0]]}, r"scores are \(X,\) and groups \(G, X\)"),
        ({"means": ["a", 1.0]}, "a finite number for each of 2 groups"),
        ({"most": "all"}, "most is a number or null, got 'all'"),
        ({"most": np.ones(1)}, "most is a number or null, got array"),
        (
            {"scores": np.ma.masked_equal([1.0, 2.0, 3.0], 2.0)},
            "what is masked in scores would count",
        ),
    ],
)
def test_what_is_no_number_or_too_large_a_one_is_refused_in_words(given, says):
    settings = {"scores": [1.0, 2.0, 3.0], "groups": np.eye(3)[[0, 2]]} | given
    with pytest.raises(InvalidConfig, match=says):
        equalise(**settings)


def test_a_group_between_two_others_gets_their_mean():
    found = equalise([1.0, 3.0], [[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]])
    assert found.gap <= 1e-9
    assert found.correction.tolist() == pytest.approx([1, -1])


@given(st.integers(2, 9), st.integers(0, 2**32))
def test_a_score_that_is_more_than_its_profile_is_equalised_by_its_own_means(profiles, seed):
    scores, groups = drawn((2, profiles), seed)
    apart = float(np.abs(groups[0] - groups[1]).sum())
    assume(apart > 0.05)
    found = equalise(scores, groups, means=(0.7, 0.2))
    assert np.ptp(np.array([0.7, 0.2]) + groups @ found.correction) <= 1e-9
    assert found.error == pytest.approx(0.5 / apart, rel=1e-6)


def test_groups_that_profiles_do_not_tell_apart_are_refused_where_their_means_differ():
    alike = np.full((2, 3), 1 / 3)
    with pytest.raises(InvalidConfig, match="not told apart by their profiles"):
        equalise(np.zeros(3), alike, means=(0.7, 0.2))
    assert equalise(np.zeros(3), alike, means=(0.7, 0.2), most=1.0).gap == pytest.approx(0.5)
    with pytest.raises(InvalidConfig, match="a finite number for each of 2 groups"):
        equalise(np.zeros(3), alike, means=(0.7,))


def test_arrays_of_which_nothing_is_masked_are_numbers():
    scores, groups = np.ma.masked_array([1.0, 2.0]), np.ma.masked_array(np.eye(2))
    found = equalise(scores, groups, most=np.float32(1.0))
    assert (
        found.correction.tolist() == equalise([1.0, 2.0], np.eye(2), most=1.0).correction.tolist()
    )
