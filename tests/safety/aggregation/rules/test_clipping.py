"""Static clipping."""

import numpy as np
import pytest

from rallypoint.errors import InvalidConfig
from rallypoint.safety.aggregation.rules.clipping import Clipping


def reference(updates, norm):
    lengths = np.linalg.norm(updates, axis=1, keepdims=True)
    return updates * np.minimum(1, norm / lengths)


@pytest.mark.parametrize("norm", [0.01, 1.0, 3.0, 1e9])
def test_it_shortens_the_longer(case, answer, norm):
    updates, f, _ = case
    found = answer(Clipping(norm=norm), updates, f, origin=np.zeros(4))
    assert np.allclose(found, reference(updates, norm))


def test_by_hand(answer):
    updates = np.array([[3.0, 4], [0, 0], [0, 1]])
    found = answer(Clipping(norm=2.5), updates, 1, origin=np.zeros(2))
    assert np.allclose(found, [[1.5, 2], [0, 0], [0, 1]])


def test_an_enormous_update_becomes_its_direction(answer):
    updates = np.array([[1.0, 1], [1, 2], [-1e30, 0]])
    found = answer(Clipping(norm=2), updates, 1, origin=np.zeros(2))
    assert np.allclose(found[2], [-2, 0])


def test_a_norm_of_nothing_is_refused():
    with pytest.raises(InvalidConfig, match="norm is a length > 0"):
        Clipping(norm=0)
