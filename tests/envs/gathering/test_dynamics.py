"""Moving and seeing, beside the plainest way to say them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rallypoint.envs.gathering.dynamics import move_table, views
from tests.envs.gathering import paper


@pytest.mark.parametrize("cells", [3, 4, 13])
def test_moves_go_round_and_nowhere_stays_nowhere(cells):
    table = move_table(cells)
    assert table[0].tolist() == list(range(cells + 1))
    for action in range(3):
        stand = list(range(cells))
        assert table[action, :cells].tolist() == paper.moved(stand, [action] * cells, cells)
        assert table[action, cells] == cells


@given(st.data(), st.integers(3, 20))
def test_views_count_how_many_stand_so_far_ahead(data, cells):
    shape = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 12))
    positions = data.draw(arrays(np.int64, shape, elements=st.integers(0, cells)))
    seen = views(positions, cells)
    assert seen.shape == (shape[0], cells + 1, cells)
    for copy, stand in enumerate(positions):
        for here in range(cells):
            expected = [(stand == (here + ahead) % cells).sum() for ahead in range(cells)]
            assert seen[copy, here].tolist() == expected
        assert not seen[copy, cells].any()  # from nowhere nothing is seen


def test_views_are_written_into_the_room_that_is_given():
    room = np.full((5, 4, 3), np.nan, dtype=np.float32)
    positions = np.array([[0, 1, 3], [2, 2, 2]])
    seen = views(positions, 3, room)
    assert np.shares_memory(seen, room)
    assert np.array_equal(seen, views(positions, 3))
    assert np.isnan(room[2:]).all()
