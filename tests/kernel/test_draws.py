"""A draw is a function of what it is for, and of nothing else."""

import copy
import pickle
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rallypoint import draws as module
from rallypoint import philox
from rallypoint.draws import Draws, channel_key, check_seed, stream
from rallypoint.errors import DuplicateName, InvalidConfig, NotOffered

LEAST = 1e-4  # p-value, of tests whose numbers are fixed


class Do(NamedTuple):
    """One thing done with draws."""

    what: str
    shape: tuple[int, ...]
    rows: list[bool]
    ahead: int


@st.composite
def programmes(draw):
    """Draw copies, and what is done with their streams."""
    copies = draw(st.lists(st.integers(0, 2**40), min_size=1, max_size=5, unique=True))
    does = st.builds(
        Do,
        st.sampled_from(["draw", "draw all", "begin", "begin all", "move", "pickle"]),
        st.lists(st.integers(0, 7), max_size=3).map(tuple),
        st.lists(st.booleans(), min_size=len(copies), max_size=len(copies)),
        st.sampled_from([1, 3, 64]),
    )
    return copies, draw(st.lists(does, max_size=20))


@pytest.fixture(scope="module", params=["0", "1"])
def switch(request):
    """Draw by NumPy alone, or compiled wherever there is compiled code."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RALLYPOINT_FAST", request.param)
        patch.setattr(philox, "_LOAD", philox._Load())
        yield


@pytest.mark.usefixtures("switch")
@given(programmes(), st.integers(0, 2**64 - 1))
def test_every_copy_reads_its_own_stream_whatever_is_done_with_the_others(programme, seed):
    copies, does = programme
    draws = Draws(seed, "test/any", copies)
    episodes, places = dict.fromkeys(copies, 0), dict.fromkeys(copies, 0)
    for do in does:
        rows = [True] * len(copies) if do.what.endswith(" all") else do.rows
        mask = None if do.what.endswith(" all") else np.array(rows)
        chosen = [copy for copy, row in zip(copies, rows, strict=True) if row]
        if do.what.startswith("draw"):
            drawn = draws.random(do.shape, mask)
            assert drawn.shape == (len(chosen), *do.shape)
            for row, one in zip(drawn, chosen, strict=True):
                alone = Draws(seed, "test/any", [one], ahead=1)
                alone.begin_episode(episode=episodes[one])
                expected = alone.random((places[one] + row.size,))[0, places[one] :]
                assert np.array_equal(row.ravel(), expected)
                places[one] += row.size
        elif do.what.startswith("begin"):
            draws.begin_episode(mask)
            for one in chosen:
                episodes[one], places[one] = episodes[one] + 1, 0
        elif do.what == "move":  # as to another worker, which makes numbers in other blocks
            elsewhere = Draws(seed, "test/any", copies, ahead=do.ahead)
            elsewhere.random((2,))
            elsewhere.restore(draws.snapshot())
            draws = elsewhere
        else:
            draws = pickle.loads(pickle.dumps(draws))  # noqa: S301  # our own


def test_a_long_draw_is_the_same_as_many_short_ones():
    # Longer than a block, so that one of them is made in several pieces.
    long = Draws(0, "test/any", [0, 9]).random((20_000,))
    short = Draws(0, "test/any", [0, 9])
    pieces = [short.random((100,)) for _ in range(200)]
    assert np.array_equal(long, np.concatenate(pieces, axis=1))


def test_fewer_rows_draw_from_the_streams_of_the_whole():
    mask = np.array([True, False, True])
    whole, other = Draws(0, "test/any", range(3)), Draws(0, "test/any", range(3))
    some = whole.rows(mask)
    assert np.array_equal(some.random((2,)), other.random((2,), mask))
    inner = np.array([False, True])
    assert np.array_equal(some.rows(inner).random(), other.random((), np.array([0, 0, 1]) > 0))
    assert np.array_equal(some.random((), inner), other.random((), np.array([0, 0, 1]) > 0))
    assert np.array_equal(whole.random((3,)), other.random((3,)))


@pytest.mark.usefixtures("switch")
@given(data=st.data())
def test_numbers_at_some_cells_are_those_of_all(data):
    copies, agents = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 5))
    some, everywhere = (Draws(3, "test/at", range(copies), ahead=5) for _ in range(2))
    for _ in range(data.draw(st.integers(1, 12))):
        shape = tuple(data.draw(st.lists(st.integers(0, 5), max_size=2)))
        bits = data.draw(st.lists(st.booleans(), min_size=20, max_size=20))
        cells = np.array(bits[: copies * agents]).reshape(copies, agents)
        if data.draw(st.booleans()):
            rows = np.array(bits[-copies:])
            some.begin_episode(rows)
            everywhere.begin_episode(rows)
        drawn = everywhere.random((agents, *shape))[cells]
        if data.draw(st.booleans()):
            np.testing.assert_array_equal(some.at(cells, shape), drawn)
        else:
            numbers = drawn.ravel().tolist()  # one of which falls short of itself
            chance = data.draw(st.sampled_from(numbers) if numbers else st.floats(0, 1))
            np.testing.assert_array_equal(some.coins(chance, cells, shape), drawn < chance)
        if data.draw(st.booleans()):  # and both go on from the same place
            np.testing.assert_array_equal(some.random(), everywhere.random())
    np.testing.assert_array_equal(
        some.rows(np.ones(copies, bool)).at(cells),
        everywhere.rows(np.ones(copies, bool)).random((agents,))[cells],
    )
    np.testing.assert_array_equal(
        some.rows(np.ones(copies, bool)).coins(0.5, cells),
        everywhere.rows(np.ones(copies, bool)).random((agents,))[cells] < 0.5,
    )


def test_what_was_drawn_is_the_callers():
    draws = Draws(0, "test/any", range(2), ahead=1)
    drawn = draws.random((4,))
    before = drawn.copy()
    for _ in range(5):
        draws.random((4,))
    assert np.array_equal(drawn, before)
    drawn[:] = 0  # and may be written to


def numbers(seed=0, channel="test/any", copy=0, episode=0, index=0):
    draws = Draws(seed, channel, [copy], index=index)
    draws.begin_episode(episode=episode)
    return draws.random((1000,))[0]


@pytest.mark.parametrize(
    "other",
    [
        {"seed": 1},
        {"seed": 2**63},
        {"channel": "test/other"},
        {"copy": 1},
        {"copy": 2**32},
        {"episode": 1},
        {"index": 1},
    ],
    ids=str,
)
def test_streams_of_other_things_are_others(other):
    here, there = numbers(), numbers(**other)
    assert not np.isin(here, there).any()
    assert stats.pearsonr(here, there).pvalue > LEAST
    # No stream is a stretch of the other, either, further on.
    assert not np.isin(numbers(**other)[:10], Draws(0, "test/any", [0]).random((50_000,))).any()


def test_numbers_are_uniform_within_a_stream_and_across_copies_and_episodes():
    assert stats.kstest(Draws(0, "test/any", [0]).random((50_000,))[0], "uniform").pvalue > LEAST
    across = Draws(0, "test/any", range(20_000), ahead=1)
    for _ in range(3):
        assert stats.kstest(across.random(), "uniform").pvalue > LEAST
        across.begin_episode()


@pytest.mark.parametrize("high", [1, 2, 3, 13, 1000])
def test_integers_are_uniform_below_their_bound(high):
    drawn = Draws(0, "test/any", range(10)).integers(high, (2000,))
    assert drawn.dtype == np.int64
    counts = np.bincount(drawn.ravel(), minlength=high)
    assert len(counts) == high
    assert high == 1 or stats.chisquare(counts).pvalue > LEAST


def test_the_largest_number_does_not_reach_the_bound(monkeypatch):
    largest = np.array([[np.nextafter(1.0, 0.0)]])
    monkeypatch.setattr(Draws, "random", lambda *_: largest)
    for high in (1, 2, 3, 5, 7, 10, 13, 2**31 + 1, 2**52 - 1):
        assert Draws(0, "test/any", [0]).integers(high).item() == high - 1


class TestChoose:
    """Choosing is exact in number and fair in whom."""

    @given(st.data(), st.integers(1, 6), st.integers(1, 8))
    def test_exactly_so_many_candidates_are_chosen_or_all_of_them(self, data, copies, agents):
        flags = st.lists(st.booleans(), min_size=copies * agents, max_size=copies * agents)
        candidates = np.array(data.draw(flags)).reshape(copies, agents)
        counts = np.array(data.draw(st.lists(st.integers(0, 9), min_size=copies, max_size=copies)))
        chosen = Draws(0, "test/choose", range(copies)).choose(counts, candidates)
        assert not (chosen & ~candidates).any()
        expected = np.minimum(counts, candidates.sum(axis=1))
        assert chosen.sum(axis=1).tolist() == expected.tolist()

    def test_one_count_serves_all_rows(self):
        chosen = Draws(0, "test/choose", range(4)).choose(2, np.ones((4, 5), dtype=bool))
        assert chosen.sum(axis=1).tolist() == [2] * 4

    def test_every_subset_has_the_same_chance(self):
        candidates = np.tile([True, True, False, True, True], (12_000, 1))
        chosen = Draws(0, "test/choose", range(12_000), ahead=1).choose(2, candidates)
        _, counts = np.unique(chosen, axis=0, return_counts=True)
        assert len(counts) == 6  # two of four
        assert stats.chisquare(counts).pvalue > LEAST

    def test_with_a_mask_there_is_one_row_for_each_masked_copy(self):
        mask = np.array([False, True, True])
        whole, part = (Draws(0, "test/choose", range(3)) for _ in range(2))
        everybody = np.ones((3, 6), dtype=bool)
        assert np.array_equal(
            part.choose(3, everybody[mask], mask), whole.choose(3, everybody)[mask]
        )


class TestNames:
    """Channels are told apart by the crc32 of their names."""

    @pytest.fixture(autouse=True)
    def nobody_else(self, monkeypatch):
        monkeypatch.setattr(module, "_names_by_key", {})

    def test_a_second_name_with_the_same_crc32_is_refused(self):
        Draws(0, "plumless", [0])
        with pytest.raises(DuplicateName, match="'buckeroo' and 'plumless' have the same crc32"):
            Draws(0, "buckeroo", [0])
        with pytest.raises(DuplicateName, match="rename one"):
            stream(0, "buckeroo")

    def test_the_same_name_may_come_again(self):
        assert channel_key("plumless") == channel_key("plumless")


class TestStreams:
    """Code without copies."""

    def test_it_depends_on_the_seed_and_on_every_part_of_the_path(self):
        paths = [(), ("a",), ("b",), ("a", 0), ("a", 1), ("a", 0, 0), ("a", "b"), ("b", "a")]
        drawn = {stream(seed, *path).random() for seed in (0, 1) for path in paths}
        assert len(drawn) == 2 * len(paths)

    def test_it_is_the_same_each_time(self):
        assert stream(3, "worker", 7).random() == stream(3, "worker", 7).random()


@pytest.mark.parametrize("seed", [-1, 2**64, 1.0, True, None, "0"])
def test_what_cannot_be_a_seed_is_refused(seed):
    for use in (check_seed, lambda seed: Draws(seed, "test/any", [0]), stream):
        with pytest.raises(InvalidConfig, match=r"a seed is an integer in \[0, 2\*\*64\), got"):
            use(seed)


def test_numpys_integers_are_seeds_too():
    assert check_seed(np.int64(3)) == 3
    assert np.array_equal(numbers(seed=np.uint64(2**63)), numbers(seed=2**63))


def test_a_deep_copy_goes_on_by_itself():
    draws = Draws(0, "test/any", range(3), ahead=1)
    draws.random((5,))
    other = copy.deepcopy(draws)
    assert np.array_equal(draws.random((9,)), other.random((9,)))
    other.random((100,))
    other.begin_episode()
    again = Draws(0, "test/any", range(3))
    assert np.array_equal(again.random((24,))[:, 14:], draws.random((10,)))


@pytest.mark.parametrize("what", ["begin_episode", "snapshot", "restore"])
def test_some_copies_streams_refuse_what_is_the_wholes_business(what):
    some = Draws(0, "test/rows", [0, 1]).rows(np.array([True, False]))
    for draws in (some, some.rows(np.array([True]))):
        with pytest.raises(NotOffered, match=rf"to be drawn from; call {what}\(\) of the draws"):
            getattr(draws, what)(*[{}] * (what == "restore"))
