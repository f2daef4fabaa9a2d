"""A server in shards gives the bits of one in one piece."""

import numpy as np
import pytest

from rallypoint.agents.gradient.optimisers import Adam
from rallypoint.agents.rounds.shards import Shard, agreed, cuts, decided, most_central, whole
from rallypoint.errors import InvalidConfig, InvalidUpdates, TooManyByzantine
from rallypoint.safety.aggregation import aggregate
from rallypoint.safety.aggregation.kernels import GRID

N, D, F = 9, 5 * GRID + 77, 2
RULES = ["krum", "multi_krum", "geometric_median", "nnm+krum", "median", "trimmed_mean"]


def updates_of(number=0):
    rows = 1 + np.random.default_rng(number).standard_normal((N, D))
    rows[:F] *= -50
    return rows.astype(np.float32)


def asking(own):
    def ask(method, *arguments, **named):
        return [getattr(shard, method)(*arguments, **named) for shard in own]

    return ask


def moved(rule, shards, *, rounds=3, optimiser=None, updates_of=updates_of, f=F):
    """Return parameters (d,) after some rounds in so many shards."""
    start = np.zeros(D, dtype=np.float32)
    own = [Shard(a, start[a:b], N, optimiser) for a, b in cuts(D, shards)]
    for number in range(rounds):
        rows = updates_of(number)
        for shard, (a, b) in zip(own, cuts(D, shards), strict=True):
            for contributor, row in enumerate(rows):
                if row is not None:
                    shard.receive(contributor, row[a:b])
        decision, left = agreed(asking(own), rule, N, f)
        for shard in own:
            shard.follow(decision, 0.1, left)
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


def spoilt(how):
    """Return rounds of updates of which two are of no use, in the second or in all."""

    def updates_of_round(number):
        rows = list(updates_of(number))
        if how == "missing":
            return [None if number == 1 and at in (0, 5) else row for at, row in enumerate(rows)]
        rows[0], rows[5] = rows[0].copy(), rows[5].copy()
        rows[0][17], rows[5][-1] = np.nan, {"holes": np.inf, "far": 3e38}[how]
        return rows

    return updates_of_round


@pytest.mark.parametrize("rule", ["krum", "nnm+trimmed_mean", "median", "nan_median"])
@pytest.mark.parametrize("how", ["holes", "far", "missing"])
def test_who_sends_nothing_or_no_numbers_is_left_out_and_counts_against_f(rule, how):
    expected = np.zeros(D, dtype=np.float32)
    nothing = np.full(D, np.nan, dtype=np.float32)
    for number in range(3):
        rows = [nothing if row is None else row for row in spoilt(how)(number)]
        expected -= np.float32(0.1) * aggregate(rule, np.stack(rows), F)
    once = moved(rule, 1, updates_of=spoilt(how))
    assert np.isfinite(once).all()
    assert once == pytest.approx(expected, rel=1e-5, abs=1e-5)
    for shards in (2, 6):
        assert moved(rule, shards, updates_of=spoilt(how)).tobytes() == once.tobytes()
    if rule != "nan_median" and (how, rule) != ("far", "median"):
        with pytest.raises(
            InvalidUpdates, match=r"at most f = 1 updates may be missing.* rows 0, 5"
        ):
            moved(rule, 3, updates_of=spoilt(how), f=1)


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


def test_whether_updates_are_finite_is_known_since_they_came_and_no_step_reads_them_for_it():
    shard = Shard(0, np.zeros(D, dtype=np.float32), N)
    for contributor, row in enumerate(updates_of()):
        shard.receive(contributor, row)
    shard._updates[:] = np.nan  # as they would be read
    decision, rows = agreed(asking([shard]), "median", N, F)
    assert decision.f == F
    assert rows.tolist() == list(range(N))
