"""The ring, beside the paper's definition and by its symmetries."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rallypoint
from rallypoint.envs.gathering.sectors import percept_index, sector_matrix
from rallypoint.errors import EpisodeEnded, InvalidAction, InvalidConfig, NotReset
from tests.envs.gathering import paper

MIRRORED = [0, 2, 1]  # actions: stay, the other way, the other way
MIRRORED_SECTORS = [0, 5, 4, 3, 2, 1]


SIZES = st.integers(1, 25)  # N


@st.composite
def rings(draw, num_agents=SIZES):
    """Draw cells L, where everybody starts (E, N), and actions for some steps (T, E, N)."""
    cells = draw(st.integers(3, 30))
    shape = draw(st.integers(1, 3)), draw(num_agents)
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    # Near one another more often than not, or rewards would nearly all be alike.
    spread = draw(st.integers(1, cells))
    start = (rng.integers(cells) + rng.integers(spread, size=shape)) % cells
    return cells, start, rng.integers(3, size=(draw(st.integers(1, 6)), *shape))


def ring(cells, start, **settings):
    copies, num_agents = start.shape
    env = rallypoint.make(
        "gathering-v0",
        copies=copies,
        num_agents=num_agents,
        cells=cells,
        start=start,
        max_cycles=99,
        **settings,
    )
    env.reset(seed=0)
    return env


def run(cells, start, actions):
    """Return all that is seen (T, E, N, L) and earned (T, E, N)."""
    env = ring(cells, start)
    steps = [env.step({"agents": chosen}) for chosen in actions]
    seen = np.stack([step.observations["agents"] for step in steps])
    return seen, np.stack([step.rewards for step in steps])


@given(rings(), st.data())
def test_everybody_sees_and_earns_what_the_paper_says(drawn, data):
    cells, start, actions = drawn
    env = ring(cells, start)
    copies, num_agents = start.shape
    gone = np.array(
        data.draw(st.lists(st.booleans(), min_size=start.size, max_size=start.size))
    ).reshape(start.shape)
    gone[:, data.draw(st.integers(0, num_agents - 1))] = False
    env.remove(gone)
    stand = [
        [None if away else int(cell) for cell, away in zip(*rows, strict=True)]
        for rows in zip(start, gone, strict=True)
    ]
    for chosen in actions:
        step = env.step({"agents": chosen})
        stand = [paper.moved(*rows, cells) for rows in zip(stand, chosen, strict=True)]
        for copy in range(copies):
            for agent in range(num_agents):
                seen = step.observations["agents"][copy, agent]
                assert seen.tolist() == paper.seen(stand[copy], agent, cells)
                assert step.rewards[copy, agent] == paper.reward(stand[copy], agent, cells)
    assert env.state().tolist() == [[-1 if c is None else c for c in row] for row in stand]


@given(rings(), st.integers(0, 30))
def test_turning_the_ring_changes_nothing(drawn, turn):
    cells, start, actions = drawn
    for here, there in zip(
        run(cells, start, actions), run(cells, (start + turn) % cells, actions), strict=True
    ):
        assert np.array_equal(here, there)


@given(rings(), st.randoms())
def test_who_is_who_changes_nothing_but_the_order(drawn, shuffler):
    cells, start, actions = drawn
    order = list(range(start.shape[1]))
    shuffler.shuffle(order)
    here = run(cells, start, actions)
    there = run(cells, start[:, order], actions[..., order])
    assert np.array_equal(here[0][:, :, order], there[0])
    assert np.array_equal(here[1][:, :, order], there[1])


@given(rings())
def test_in_the_mirror_everybody_sees_the_mirror_image(drawn):
    cells, start, actions = drawn
    seen, _ = run(cells, start, actions)
    mirrored, _ = run(cells, -start % cells, np.take(MIRRORED, actions))
    assert np.array_equal(np.roll(seen[..., ::-1], 1, axis=-1), mirrored)
    shares, others = seen @ sector_matrix(cells), mirrored @ sector_matrix(cells)
    assert np.array_equal(shares[..., MIRRORED_SECTORS], others)


@given(rings(num_agents=st.sampled_from([1, 2, 5, 10])))
def test_in_the_mirror_everybody_earns_the_same_where_the_population_divides_ten(drawn):
    cells, start, actions = drawn
    _, earned = run(cells, start, actions)
    _, mirrored = run(cells, -start % cells, np.take(MIRRORED, actions))
    assert np.array_equal(earned, mirrored)


@given(rings(num_agents=st.integers(1, 12)), st.integers(2, 5))
def test_whole_multiples_of_a_population_see_and_earn_the_same(drawn, times):
    cells, start, actions = drawn
    seen, earned = run(cells, start, actions)
    num_agents = start.shape[1]
    more, more_earned = run(cells, np.tile(start, times), np.tile(actions, times))
    assert np.array_equal(percept_index(seen, cells), percept_index(more, cells)[..., :num_agents])
    assert np.array_equal(earned, more_earned[..., :num_agents])


@given(
    st.lists(st.integers(0, 40), min_size=1, max_size=8, unique=True),
    st.sampled_from(["uniform", "antipodal", "spaced"]),
    st.integers(0, 2**64 - 1),
)
def test_a_copy_has_the_same_episodes_in_any_batch(shard, start, seed):
    settings = {"num_agents": 6, "cells": 9, "start": start, "max_cycles": 2}
    whole = rallypoint.make("gathering-v0", copies=41, **settings)
    part = rallypoint.make("gathering-v0", copies=shard, **settings)
    for reset in (lambda env: env.reset(seed), lambda env: env.reset()):
        assert np.array_equal(reset(whole)["agents"][shard], reset(part)["agents"])


def test_however_large_the_batch_every_copy_is_looked_at():
    # More copies than are moved at a time, and not a multiple of them.
    env = rallypoint.make("gathering-v0", copies=1000, num_agents=3)
    env.reset(seed=0)
    step = env.step({"agents": np.ones((1000, 3), dtype=int)})
    counts = step.observations["agents"]
    assert (counts.sum(axis=-1) == 3).all()
    stand = env.state()
    for copy in (0, 255, 256, 511, 999):
        assert counts[copy, 1].tolist() == paper.seen(stand[copy].tolist(), 1, 13)


def test_an_episode_lasts_five_times_the_ring_and_is_truncated():
    env = rallypoint.make("gathering-v0", copies=2, cells=5, num_agents=2)
    env.reset(seed=0)
    for number in range(1, 26):
        step = env.step({"agents": np.zeros((2, 2), dtype=int)})
        assert step.truncated.all() == (number == 25)
        assert not step.terminated.any()
    with pytest.raises(EpisodeEnded, match=r"2 of 2 copies have ended .* reset them first"):
        env.step({"agents": np.zeros((2, 2), dtype=int)})


def test_a_step_before_the_reset_is_refused():
    env = rallypoint.make("gathering-v0")
    with pytest.raises(NotReset, match="gathering-v0 must be reset before its first step"):
        env.step({"agents": np.zeros((1, 10), dtype=int)})


@pytest.mark.parametrize(
    ("actions", "sentence"),
    [
        (np.full((2, 3), 3), "an action of agent_0 must be an integer in 0..2, got 3 in row 0"),
        (np.array([[0, 0, 0], [0, -1, 0]]), "of agent_1 .* got -1 in row 1; 1 entries"),
        (np.zeros((2, 3)), "integers in 0..2, got dtype float64; convert"),
        (np.zeros((3, 2), dtype=int), r"an array \(2, 3\), got \(3, 2\)"),
        ([[0, 0, 0], [0, 0, 0]], r"an array \(2, 3\), got list"),
    ],
)
def test_actions_that_cannot_be_meant_are_refused(actions, sentence):
    env = rallypoint.make("gathering-v0", copies=2, num_agents=3)
    env.reset(seed=0)
    with pytest.raises(InvalidAction, match=sentence):
        env.step({"agents": actions})


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"num_agents": 0}, "num_agents is an integer >= 1, got 0"),
        ({"num_agents": 2.0}, "num_agents is an integer, got 2.0"),
        ({"cells": 2}, "cells is an integer >= 3, got 2"),
        ({"max_cycles": 0}, "max_cycles is an integer >= 1, or left out for what the world has by"),
        ({"start": "unifrom"}, "no start is called 'unifrom'; did you mean 'uniform'"),
        ({"start": [0] * 9}, r"integers of shape \(10,\) or \(1, 10\), got int64 \(9,\)"),
        ({"start": [13] * 10}, "start positions lie in 0..12"),
        ({"start": [0.5] * 10}, "start positions are integers"),
        ({"render_mode": "rgb_aray"}, "no render mode is called .*; did you mean 'rgb_array'"),
        ({"copies": 0}, "copies is a number >= 1, or the distinct global ids"),
        ({"copies": [1, 1]}, "two copies have one global id"),
        ({"copies": [-1]}, "global ids >= 0"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(settings, sentence):
    with pytest.raises(InvalidConfig, match=sentence):
        rallypoint.make("gathering-v0", **settings)


def test_geometry_tells_cells_distances_and_what_entries_speak_of():
    env = rallypoint.make("gathering-v0", copies=2, num_agents=4, cells=6)
    seen = env.reset(seed=0)["agents"]
    geometry = env.geometry()
    assert np.array_equal(geometry.positions[..., 0], env.state())
    assert geometry.distances[0].tolist() == [0, 1, 2, 3, 2, 1]
    assert geometry.offsets[:, 0].tolist() == [0, 1, 2, 3, -2, -1]
    assert geometry.sides.tolist() == [6]
    assert geometry.leads_to[:, [0, 1, 5]].tolist() == [[0, 1, 5], [1, 2, 0], [5, 0, 4]]
    assert geometry.cells(geometry.positions + 6).tolist() == env.state().tolist()
    for agent, here in enumerate(env.state()[0]):
        stands = (here + geometry.offsets[:, 0]) % 6
        counts = np.bincount(env.state()[0], minlength=6)
        assert np.array_equal(seen[0, agent], counts[stands])


def test_the_removed_vanish_from_every_count_and_come_back_at_the_reset():
    env = rallypoint.make("gathering-v0", copies=2, num_agents=4, start=[0, 0, 0, 6])
    env.reset(seed=0)
    seen = env.remove(np.array([[True, False, False, False], [False] * 4]))["agents"]
    assert seen[0, 1].tolist() == [2] + 5 * [0] + [1] + 6 * [0]
    assert not seen[0, 0].any()
    assert seen[1, 0, 0] == 3
    step = env.step({"agents": np.zeros((2, 4), dtype=int)})
    # Two of three are 6.7 of ten, so neither eight nor alone; three of four, 7.5, win the tie.
    assert step.rewards.tolist() == [[0, 0, 0, 0], [100, 100, 100, 0]]
    assert env.reset()["agents"][0, 1, 0] == 3
    assert env.alive.all()
