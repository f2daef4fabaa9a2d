"""The six sectors, beside the paper's words."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rallypoint.envs.gathering.sectors import (
    NUM_PERCEPTS,
    SECTORS,
    percept_index,
    representatives,
    sector_matrix,
    sector_of_offset,
)
from tests.envs.gathering import paper

MIRRORED = [0, 5, 4, 3, 2, 1]
populations = arrays(np.int64, 6, elements=st.integers(0, 40)).filter(np.any)


def of_ten(total, parts):
    """Yield every way to share a total among so many parts."""
    for bars in itertools.combinations(range(total + parts - 1), parts - 1):
        edges = [-1, *bars, total + parts - 1]
        yield [after - before - 1 for before, after in itertools.pairwise(edges)]


def test_at_thirteen_cells_the_sectors_are_those_published():
    sizes = np.bincount(sector_of_offset(13))
    assert dict(zip(SECTORS, sizes.tolist(), strict=True)) == {
        "central": 3,
        "near+": 2,
        "far+": 2,
        "unknown": 2,
        "far-": 2,
        "near-": 2,
    }


@pytest.mark.parametrize("cells", range(3, 61))
def test_at_any_size_the_limits_are_the_papers(cells):
    named = [SECTORS[sector] for sector in sector_of_offset(cells)]
    assert named == [paper.sector(ahead, cells) for ahead in range(cells)]


@pytest.mark.parametrize("cells", range(3, 61))
def test_the_two_sides_mirror_each_other(cells):
    sectors = sector_of_offset(cells)
    assert sectors[-np.arange(cells)].tolist() == [MIRRORED[sector] for sector in sectors]


@given(populations)
def test_ten_are_shared_by_largest_remainder(counts):
    expected = paper.representatives(dict(zip(SECTORS, counts.tolist(), strict=True)))
    assert representatives(counts).tolist() == [expected[name] for name in SECTORS]


@given(populations, st.integers(2, 1000))
def test_only_the_shares_count(counts, times):
    assert representatives(counts).tolist() == representatives(counts * times).tolist()


@pytest.mark.parametrize("sector", range(6))
def test_everybody_in_one_sector_is_all_ten(sector):
    counts = 7 * np.eye(6, dtype=int)[sector]
    assert representatives(counts)[sector] == 10


def test_a_leftover_goes_by_the_published_order_of_ties():
    # One in each of three sectors: 3.33 each, and one left over.
    for first, *others in (
        ("central", "near+", "near-"),
        ("near+", "near-", "far+"),
        ("near-", "far+", "far-"),
        ("far+", "far-", "unknown"),
    ):
        counts = [int(name in (first, *others)) for name in SECTORS]
        shares = dict(zip(SECTORS, representatives(np.array(counts)).tolist(), strict=True))
        assert shares[first] == 4
        assert [shares[other] for other in others] == [3, 3]


def test_nobody_in_view_yields_no_representatives():
    assert not representatives(np.zeros((2, 6), dtype=int)).any()


@given(arrays(np.int64, (4, 6), elements=st.integers(0, 9)))
def test_rows_do_not_notice_one_another(counts):
    together = representatives(counts)
    assert together.tolist() == [representatives(row).tolist() for row in counts]


def test_percepts_are_numbered_without_a_gap():
    shares = np.array(list(of_ten(10, 6)))
    assert len(shares) == NUM_PERCEPTS
    one_offset_each = [sector_of_offset(13).tolist().index(sector) for sector in range(6)]
    counts = np.zeros((NUM_PERCEPTS, 13), dtype=np.float32)
    counts[:, one_offset_each] = shares
    index = percept_index(counts, 13)
    assert sorted(index.tolist()) == list(range(NUM_PERCEPTS))
    # Also where nothing is whole: thirty agents with the same shares, rounded the long way.
    assert percept_index(counts * 3, 13).tolist() == index.tolist()


@given(st.integers(3, 25), st.data())
def test_a_percept_is_what_its_representatives_are(cells, data):
    counts = data.draw(arrays(np.float32, (3, cells), elements=st.integers(0, 9)))
    counts[:, 0] += 1  # everybody counts itself
    shares = representatives((counts @ sector_matrix(cells)).astype(int))
    index = percept_index(counts, cells)
    for one, other in itertools.combinations(range(3), 2):
        assert (index[one] == index[other]) == (shares[one] == shares[other]).all()


def test_large_batches_are_numbered_like_small_ones():
    rng = np.random.default_rng(0)
    counts = rng.multinomial(10, [1 / 13] * 13, size=20_000).astype(np.float32)
    counts[:5_000] *= 3  # so that one stretch of them needs rounding and others do not
    index = percept_index(counts.reshape(200, 100, 13), 13)
    assert index.shape == (200, 100)
    some = rng.integers(20_000, size=50)
    assert index.ravel()[some].tolist() == [int(percept_index(counts[i], 13)) for i in some]


@pytest.mark.parametrize("num_agents", [1, 2, 5, 10])
def test_the_rounded_percept_mirrors_where_the_population_divides_ten(num_agents):
    rng = np.random.default_rng(0)
    counts = rng.multinomial(num_agents, [1 / 6] * 6, size=500)
    assert np.array_equal(
        representatives(counts)[:, MIRRORED], representatives(counts[:, MIRRORED])
    )


def test_the_rounded_percept_does_not_mirror_in_general():
    # A leftover unit between two mirror sectors goes to one of them: no rounding can be fair.
    counts = np.array([0, 1, 0, 1, 0, 1])
    assert representatives(counts)[MIRRORED].tolist() != representatives(counts[MIRRORED]).tolist()
