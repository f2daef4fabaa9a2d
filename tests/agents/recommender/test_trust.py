"""Who is trusted, and how that is made fair."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rallypoint.agents.recommender.trust import TrustedMean, favourites, trust
from rallypoint.errors import InvalidConfig, InvalidUpdates


@given(st.integers(0, 2**32), st.integers(0, 5))
def test_those_furthest_from_the_median_are_left_out(seed, f):
    rng = np.random.default_rng(seed)
    updates, profiles = rng.standard_normal((9, 4)), rng.random((9, 2))
    middle = np.median(updates, axis=0)
    nearest = sorted(range(9), key=lambda user: np.linalg.norm(updates[user] - middle))[: 9 - f]
    found = TrustedMean(f=f)(updates, profiles)
    np.testing.assert_allclose(found, updates[nearest].mean(axis=0))
    assert np.median(trust(updates)) == pytest.approx(-1)


def test_a_correction_is_by_favourite_topic():
    updates = np.array([[0.0], [0.1], [0.2], [1.0], [5.0]])
    profiles = np.array([[1.0, 0.0]] * 3 + [[0.4, 0.6], [0.9, 0.1]])
    assert favourites(profiles).tolist() == [0, 0, 0, 1, 0]
    assert TrustedMean(f=2).believed(updates, profiles).tolist() == [0, 1, 2]
    fair = TrustedMean(f=2, correction=(0.0, 9.0))
    assert fair.believed(updates, profiles).tolist() == [1, 2, 3]


def test_numbers_of_numpy_are_numbers():
    assert TrustedMean(f=np.int64(2), correction=(np.float32(0.5),)).f == 2


def test_who_all_say_the_same_is_trusted_all_the_same():
    updates = np.ones((4, 3))
    assert (trust(updates) == 0).all()
    assert TrustedMean(f=1).believed(updates, np.ones((4, 1))).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        (lambda: TrustedMean(f=-1), "f is an integer >= 0, got -1"),
        (
            lambda: TrustedMean(f=0, correction=(np.nan,)),
            "a correction is a finite number, got nan",
        ),
        (lambda: TrustedMean(f=1.5), "f is an integer, got 1.5"),
        (lambda: TrustedMean(f=4)(np.ones((4, 1)), np.ones((4, 1))), "4 of 4 users leaves nobody"),
        (
            lambda: TrustedMean(f=1, correction=(1.0,))(np.ones((4, 1)), np.ones((4, 2))),
            "for each of 2 topics, got 1",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(rule, says):
    with pytest.raises(InvalidConfig, match=says):
        rule()


@pytest.mark.parametrize("lie", [np.nan, np.inf, -np.inf, 1e300])
def test_who_sends_no_number_is_left_out_first_and_more_than_f_are_refused(lie):
    updates, profiles = np.array([[1.0], [2.0], [3.0], [lie], [9.0]]), np.ones((5, 1))
    assert TrustedMean(f=1).believed(updates, profiles).tolist() == [0, 1, 2, 4]
    assert TrustedMean(f=2)(updates, profiles).tolist() == [2.0]
    with pytest.raises(InvalidUpdates, match=r"at most f = 0 users may send .* and 1 do"):
        TrustedMean(f=0)(updates, profiles)
    with pytest.raises(InvalidUpdates, match="and 5 do"):
        TrustedMean(f=4)(np.full((5, 1), lie), profiles)
