"""The lowest so many of each row are those that ranks say, ties and all."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rallypoint.choices import lowest
from rallypoint.draws import Draws


def by_ranks(keys, counts, candidates):
    """Return what sorting twice says."""
    keys = np.where(candidates, keys, 2.0)
    ranks = keys.argsort(axis=1, kind="stable").argsort(axis=1, kind="stable")
    return candidates & (ranks < np.reshape(counts, (-1, 1)))


def as_counts(drawn):
    return np.array(drawn, dtype=int)


@given(data=st.data(), rows=st.integers(0, 6), length=st.integers(0, 7), levels=st.integers(1, 9))
def test_they_are_those_of_the_lowest_ranks_and_of_equal_ones_the_first(data, rows, length, levels):
    size = rows * length
    drawn = data.draw(st.lists(st.integers(0, levels), min_size=size, max_size=size))
    keys = np.array(drawn, dtype=float).reshape(rows, length) / levels
    candidates = np.random.default_rng(size).random(keys.shape) < data.draw(
        st.sampled_from([0.5, 1])
    )
    some = st.integers(-2, length + 2)
    counts = data.draw(some | st.lists(some, min_size=rows, max_size=rows).map(as_counts))
    if np.size(counts) in (1, rows):
        before = keys.copy()
        expected = by_ranks(keys, counts, candidates)
        assert np.array_equal(lowest(keys, counts, candidates), expected)
        assert np.array_equal(keys, before)


@pytest.mark.parametrize(
    "counts", [0, 3, 20, np.arange(64) % 12, 1.5, np.full((64, 1), 2.0), np.uint8(2)], ids=str
)
def test_whom_a_draw_chooses_is_what_it_was(counts):
    candidates = np.random.default_rng(1).random((64, 10)) < 0.6
    keys = Draws(7, "test/choice", range(64)).random((10,))
    chosen = Draws(7, "test/choice", range(64)).choose(counts, candidates)
    assert np.array_equal(chosen, by_ranks(keys, counts, candidates))
