"""The vote of signs."""

import numpy as np
import pytest

from rallypoint.errors import InvalidConfig
from rallypoint.safety.aggregation import aggregate
from rallypoint.safety.aggregation.rules.sign_vote import SignVote


def reference(updates):
    return np.sign(np.sign(updates).sum(axis=0))


def test_it_goes_where_the_majority_points(case):
    updates, f, _ = case
    assert (aggregate("sign_vote", updates, f) == reference(updates)).all()


def test_by_hand():
    updates = np.array(
        [[0.1, -5.0, 0.0, 3.0, -2.0], [0.2, -1.0, 0.0, -1.0, 0.0], [-90, 9, 1, 0, 1]]
    )
    assert (aggregate("sign_vote", updates, f=1) == [1, -1, 1, 0, 0]).all()
    assert (aggregate("sign_vote", updates, f=1, scale=0.5) == [0.5, -0.5, 0.5, 0, 0]).all()
    shares = SignVote().shares(updates, 1)
    assert np.allclose(
        shares.T, [[0.5, 0.5, 0], [0.5, 0.5, 0], [0, 0, 1], [1 / 3] * 3, [1 / 3] * 3]
    )


def test_an_absurd_length_has_one_vote():
    updates = np.array([[1.0], [1], [-1e300]])
    assert aggregate("sign_vote", updates, f=1) == [1]


@pytest.mark.parametrize("scale", [0, -1, float("nan"), float("inf")])
def test_a_scale_is_a_positive_number(scale):
    with pytest.raises(InvalidConfig, match="scale must be a positive number"):
        SignVote(scale=scale)
