"""Compiled or not, the generator behind all draws yields NumPy's Philox, bit for bit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rallypoint import compiled_philox, philox
from rallypoint.draws import Draws
from rallypoint.philox import Philox

WORDS = st.integers(0, 2**64 - 1)
PLACES = st.integers(0, 2**63 - 1)


@given(WORDS, WORDS, st.lists(st.tuples(PLACES, WORDS, WORDS), min_size=1, max_size=4))
def test_both_ways_yield_what_numpy_does_from_any_counter(seed, channel, counters):
    wanted = np.empty((len(counters) + 1, 12))
    for row, (place, episode, copy) in enumerate(counters):
        key = np.array([seed, channel], dtype=np.uint64)
        counter = np.array([place, 0, episode, copy], dtype=np.uint64)
        bits = np.random.Philox(key=key, counter=counter)
        wanted[row] = np.random.Generator(bits).random(12)
    rows = np.arange(len(counters))
    words = np.array(counters, dtype=np.uint64)
    by_numpy, compiled = np.zeros_like(wanted), np.zeros_like(wanted)
    Philox(seed, channel).fill(by_numpy, rows, words)
    key = np.uint64(seed), np.uint64(channel)
    compiled_philox.fill(compiled, rows, words, key, compiled_philox.HALVES)
    wanted[-1] = 0  # a row that is not asked for
    np.testing.assert_array_equal(by_numpy, wanted)
    np.testing.assert_array_equal(compiled, wanted)


@given(
    WORDS,
    WORDS,
    st.lists(st.tuples(st.integers(0, 2**40), PLACES, WORDS), max_size=40),
    st.tuples(st.integers(1, 6), st.integers(0, 70), st.integers(0, 2**32)),
)
def test_cells_get_their_numbers_from_any_place_also_within_a_counter(
    seed, channel, streams, sizes
):
    num_agents, each, whom = sizes
    rows = np.array(streams, dtype=np.uint64).reshape(-1, 3)
    counters = rows // np.array([4, 1, 1], dtype=np.uint64)
    whole = np.empty((len(rows), -(-(num_agents * each + 3) // 4) * 4))
    Philox(seed, channel).fill(whole, np.arange(len(rows)), counters)
    columns = (rows[:, :1] % 4).astype(int) + np.arange(num_agents * each)
    by_cell = np.take_along_axis(whole, columns, axis=1).reshape(len(rows) * num_agents, each)
    where = np.flatnonzero(np.random.default_rng(whom).random(len(by_cell)) < whom / 2**32)
    places, episodes = rows[:, :2].T.astype(np.int64, order="C")
    key = np.uint64(seed), np.uint64(channel)
    given_streams = places, episodes, rows[:, 2].copy()
    for fill_at in (compiled_philox.fill_at, compiled_philox.fill_long_at):
        drawn = np.empty((len(where), each))
        fill_at(drawn, where, num_agents, *given_streams, key, compiled_philox.HALVES)
        np.testing.assert_array_equal(drawn, by_cell[where])


def test_of_few_long_rows_many_are_not_drawn_side_by_side(monkeypatch):
    load = philox._Load()
    load.module = compiled_philox
    monkeypatch.setattr(philox, "_LOAD", load)
    # It has room for 64 rows, and draws sixteen, however few there are.
    monkeypatch.setattr(compiled_philox, "fill_at", lambda *_: pytest.fail("a row is long"))
    drawn = Draws(1, "test/long", range(3)).random((9, 9), np.array([False, True, False]))
    np.testing.assert_array_equal(drawn, Draws(1, "test/long", [1]).random((9, 9)))


@given(
    st.lists(st.tuples(st.integers(0, 2**40), PLACES, WORDS), min_size=1, max_size=5),
    st.integers(1, 90),
    st.integers(0, 2**32),
)
def test_coins_fall_where_a_number_is_less_than_the_chance(streams, each, which):
    rows = np.array(streams, dtype=np.uint64)
    key = np.uint64(5), np.uint64(7)
    streams_of = *rows[:, :2].T.astype(np.int64, order="C"), rows[:, 2].copy()
    numbers, tossed = np.empty((len(rows), each)), np.empty((len(rows), each), dtype=bool)
    everybody = np.arange(len(rows))
    compiled_philox.fill_at(numbers, everybody, 1, *streams_of, key, compiled_philox.HALVES)
    chance = numbers.flat[which % numbers.size]  # which does not fall short of itself
    compiled_philox.toss(tossed, chance, *streams_of, key, compiled_philox.HALVES)
    np.testing.assert_array_equal(tossed, numbers < chance)


@pytest.mark.parametrize("switch", ["", "0", "1"])
def test_it_is_compiled_once_much_was_drawn_unless_it_must_not_be(monkeypatch, switch):
    monkeypatch.setenv("RALLYPOINT_FAST", switch)
    load = philox._Load()
    monkeypatch.setattr(philox, "_LOAD", load)
    monkeypatch.setattr(philox, "_PAYS", 10_000)
    draws = Draws(1, "test/philox", range(3))
    drawn = [draws.random((50,)) for _ in range(2)]
    assert (load.module is not None) is (switch == "1")
    drawn += [draws.random((50,)) for _ in range(200)]
    assert (load.module is not None) is (switch != "0")
    monkeypatch.setattr(philox, "_LOAD", philox._Load())
    monkeypatch.setenv("RALLYPOINT_FAST", "0")
    again = Draws(1, "test/philox", range(3)).random((202, 50))
    np.testing.assert_array_equal(np.stack(drawn, axis=1), again)
