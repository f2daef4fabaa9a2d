"""A server in shards gives the bits of one in one piece."""

import numpy as np
import pytest

from rallypoint.agents.gradient.optimisers import Adam
from rallypoint.agents.rounds.shards import Shard, cuts, decided, most_central, needs_gram, whole
from rallypoint.errors import InvalidConfig, InvalidUpdates, TooManyByzantine
from rallypoint.safety.aggregation import aggregate
from rallypoint.safety.aggregation.kernels import GRID

N, D, F = 9, 5 * GRID + 77, 2
RULES = ["krum", "multi_krum", "geometric_median", "nnm+krum", "median", "trimmed_mean"]


def updates_of(number=0):
    rows = 1 + np.random.default_rng(number).standard_normal((N, D))
    rows[:F] *= -50
    return rows.astype(np.float32)


def moved(rule, shards, *, rounds=3, optimiser=None):
    """Return parameters (d,) after some rounds in so many shards."""
    start = np.zeros(D, dtype=np.float32)
    own = [Shard(a, start[a:b], N, optimiser) for a, b in cuts(D, shards)]
    for number in range(rounds):
        rows = updates_of(number)
        for shard, (a, b) in zip(own, cuts(D, shards), strict=True):
            for contributor in range(N):
                shard.receive(contributor, rows[contributor, a:b])
        grams = []
        if needs_gram(rule):
            centre = most_central([shard.sketch() for shard in own])
            assert centre >= F
            grams = [shard.gram(centre) for shard in own]
        decision = decided(rule, grams, N, F)
        for shard in own:
            shard.follow(decision, 0.1)
    return whole([shard.columns() for shard in own])


@pytest.mark.parametrize("rule", RULES)
def test_however_many_shards_there_are_the_bits_are_the_same(rule):
    once = moved(rule, 1)
    for shards in (2, 3, 6):
        assert moved(rule, shards).tobytes() == once.tobytes()


@pytest.mark.parametrize("rule", RULES)
def test_it_is_what_aggregating_in_one_place_gives(rule):
    expected = np.zeros(D, dtype=np.float32)
    for number in range(3):
        expected -= np.float32(0.1) * aggregate(rule, updates_of(number), F)
    assert moved(rule, 3) == pytest.approx(expected, rel=1e-5, abs=1e-5)


def test_shards_descend_as_one_does():
    one, three = (moved("krum", shards, optimiser=Adam()) for shards in (1, 3))
    assert one.tobytes() == three.tobytes()


def test_columns_are_cut_where_blocks_begin():
    for columns in (1, GRID, GRID + 1, 7 * GRID, D):
        for shards in range(1, -(-columns // GRID) + 1):
            found = cuts(columns, shards)
            assert found[0][0] == 0
            assert found[-1][1] == columns
            assert all(a < b and not a % GRID for a, b in found)
            assert [b for _, b in found[:-1]] == [a for a, _ in found[1:]]
    with pytest.raises(InvalidConfig, match="1 to 2 shards"):
        cuts(GRID + 1, 3)


def test_a_shard_holds_its_share_of_the_numbers():
    (a, b), *_ = cuts(D, 3)
    shard = Shard(a, np.zeros(b - a, dtype=np.float32), N)
    assert shard._updates.nbytes == 4 * N * (b - a) <= 4 * N * D / 3 + 4 * N * GRID
    assert shard.peak_bytes() > shard._updates.nbytes


def test_what_does_not_fit_is_refused():
    shard = Shard(0, np.zeros(8, dtype=np.float32), N)
    with pytest.raises(InvalidUpdates, match="contributor 3 sends"):
        shard.receive(3, np.zeros(9, dtype=np.float32))
    with pytest.raises(InvalidUpdates, match="no update came"):
        most_central([shard.sketch()])
    with pytest.raises(TooManyByzantine):
        decided("median", [], 4, 2)
    with pytest.raises(InvalidConfig, match="Gram matrix"):
        decided("centered_clipping", [shard.gram(0)], N, 1)


def test_drawn_updates_stand_in_for_sent_ones():
    shard = Shard(0, np.zeros(100, dtype=np.float32), 3)
    for contributor in range(3):
        shard.fill(contributor, seed=1)
    assert np.isfinite(shard.sketch()).all()
