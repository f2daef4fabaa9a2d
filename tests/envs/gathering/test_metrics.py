"""The metrics, beside loops over agents."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rallypoint.envs.gathering.metrics import (
    counts,
    is_gathered,
    largest_group,
    mean_pair_distance,
)


@st.composite
def stands(draw):
    """Draw cells, and where some copies' agents stand: (E, N), -1 for one who is not there."""
    cells = draw(st.integers(3, 20))
    shape = draw(st.integers(1, 3)), draw(st.integers(1, 12))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    return cells, rng.integers(-1, draw(st.integers(1, cells)), size=shape)


@given(stands())
def test_counts_are_of_those_who_are_there(drawn):
    cells, positions = drawn
    expected = [[list(row).count(cell) for cell in range(cells)] for row in positions]
    assert counts(positions, cells).tolist() == expected


@given(stands(), st.integers(0, 2**32))
def test_a_mask_counts_only_its_agents(drawn, seed):
    cells, positions = drawn
    mask = np.random.default_rng(seed).random(positions.shape) < 0.5
    expected = counts(np.where(mask, positions, -1), cells)
    assert np.array_equal(counts(positions, cells, mask), expected)


@given(stands())
def test_the_largest_group_is_in_the_fullest_window_of_three_cells(drawn):
    cells, positions = drawn
    for row, share in zip(positions, largest_group(counts(positions, cells)), strict=True):
        there = row[row >= 0]
        windows = [
            np.isin(there, [c, (c + 1) % cells, (c + 2) % cells]).sum() for c in range(cells)
        ]
        assert share == (max(windows) / len(there) if len(there) else 0.0)


def test_eight_of_ten_are_gathered_and_seven_are_not():
    assert is_gathered(np.array([[4, 2, 2, 0, 0, 2], [4, 2, 1, 0, 3, 0]])).tolist() == [True, False]
    assert is_gathered(np.array([0, 8, 0, 0, 1, 0, 1])).item()


@given(stands())
def test_the_pair_distance_is_the_mean_over_pairs(drawn):
    cells, positions = drawn
    for row, mean in zip(positions, mean_pair_distance(counts(positions, cells)), strict=True):
        pairs = itertools.combinations(row[row >= 0].tolist(), 2)
        distances = [min((a - b) % cells, (b - a) % cells) for a, b in pairs]
        assert np.isclose(mean, np.mean(distances) if distances else 0.0)
