"""What World does for its author, and autoreset for everybody."""

import numpy as np
import pytest

import rallypoint
from rallypoint.envs.batch import autoreset
from rallypoint.errors import EpisodeEnded, InvalidConfig, NotReset
from tests.envs.harbour import Harbour


def still(env):
    """Return actions that do nothing."""
    return {
        group.name: np.broadcast_to(
            env.noop[group.name],
            (env.num_copies, len(group.agents), *group.action_space.shape),
        )
        for group in env.groups
    }


def ring(**settings):
    return rallypoint.make("gathering-v0", num_agents=3, cells=5, **settings)


def test_an_unseeded_world_chooses_a_seed_and_tells_it():
    env, other = ring(copies=4), ring(copies=4)
    with pytest.raises(NotReset, match="gathering-v0 has no seed before its first reset"):
        _ = env.seed
    first = env.reset()["agents"]
    assert np.array_equal(other.reset(seed=env.seed)["agents"], first)
    other.reset()
    assert other.seed == env.seed


def test_two_unseeded_worlds_differ():
    env, other = ring(copies=20), ring(copies=20)
    assert not np.array_equal(env.reset()["agents"], other.reset()["agents"])


def test_each_reset_goes_on_to_the_next_episode_of_its_copies_only():
    env, whole = ring(copies=3), ring(copies=3)
    env.reset(seed=0)
    episodes = [whole.reset(seed=0)["agents"], whole.reset()["agents"], whole.reset()["agents"]]
    env.reset(mask=np.array([True, False, False]))
    seen = env.reset(mask=np.array([True, True, False]))["agents"]
    assert np.array_equal(seen, [episodes[2][0], episodes[1][1], episodes[0][2]])


@pytest.mark.parametrize("mask", [[True], [1, 0], np.ones(3, dtype=bool), np.ones((2, 1), bool)])
def test_a_mask_that_cannot_be_meant_is_refused(mask):
    env = ring(copies=2)
    env.reset(seed=0)
    with pytest.raises(InvalidConfig, match=r"a reset mask is a bool array \(2,\), got"):
        env.reset(mask=mask)


def test_the_first_reset_and_a_seeded_one_start_everybody():
    env = ring(copies=2)
    for seed in (None, 3):
        with pytest.raises(InvalidConfig, match="start every copy: leave the mask out"):
            env.reset(seed, np.array([True, False]))


@pytest.mark.parametrize("seed", [-1, 2**64, 1.5, "0", True])
def test_what_cannot_be_a_seed_is_refused(seed):
    with pytest.raises(InvalidConfig, match="a seed is an integer in"):
        ring().reset(seed=seed)


def test_one_ended_copy_keeps_all_from_going_on_until_it_is_reset():
    env = Harbour(copies=2, max_cycles=3)
    env.reset(seed=0)
    env.step(still(env))
    env.reset(mask=np.array([False, True]))
    for _ in range(2):
        step = env.step(still(env))
    assert step.ended.tolist() == [True, False]
    sentence = (
        r"1 of 2 copies have ended \(rows \[0\]\); reset them first with .* "
        r"rallypoint\.envs\.batch\.autoreset\(\)"
    )
    with pytest.raises(EpisodeEnded, match=sentence):
        env.step(still(env))
    env.reset(mask=step.ended)
    env.step(still(env))


def test_removal_asks_for_a_mask_of_agents():
    env = ring(copies=2)
    env.reset(seed=0)
    for wrong in (np.ones((2, 4), dtype=bool), np.ones((2, 3), dtype=int), [[True], [True, False]]):
        with pytest.raises(InvalidConfig, match=r"a mask of agents is a bool array \(2, 3\), got"):
            env.remove(wrong)


def test_whom_to_remove_may_be_said_in_lists():
    env = ring(copies=2)
    env.reset(seed=0)
    env.remove([[True, False, False], [False, False, True]])
    assert env.alive.tolist() == [[False, True, True], [True, True, False]]


def test_before_the_first_reset_nobody_leaves_and_there_is_nothing_to_go_on_from():
    env = ring(copies=2)
    with pytest.raises(NotReset, match="gathering-v0 must be reset before anybody leaves it"):
        env.remove(np.zeros((2, 3), dtype=bool))
    with pytest.raises(NotReset, match="nothing to go on from before its first reset"):
        env.snapshot()
    assert not env.alive.any()
    assert (env.state() == -1).all()


@pytest.mark.parametrize("copies", [np.int64(3), np.uint8(3), 3, (0, 1, 2), np.arange(3)])
def test_copies_are_a_number_of_any_integer_type_or_ids(copies):
    assert ring(copies=copies).copies.tolist() == [0, 1, 2]


@pytest.mark.parametrize("copies", [True, np.True_, 0, -1, 1.0, [], [-1], [True], "3", np.array(4)])
def test_what_cannot_be_copies_is_refused(copies):
    with pytest.raises(InvalidConfig, match="copies is a number >= 1, or the distinct global ids"):
        ring(copies=copies)


@pytest.mark.parametrize("max_cycles", [True, 0, 2.5])
def test_what_cannot_be_a_time_limit_is_refused(max_cycles):
    with pytest.raises(InvalidConfig, match=r"max_cycles is an integer (>= 1|or null)"):
        ring(max_cycles=max_cycles)


def test_a_refusal_shows_a_few_entries_of_what_came():
    for settings in (
        {"copies": [*range(10_000), -1]},
        {"copies": np.arange(-1, 10_000)},
        {"start": [[0, 1, 9]] * 5000, "copies": 5000},
    ):
        with pytest.raises(InvalidConfig) as raised:
            ring(**settings)
        assert len(str(raised.value)) < 300


class Fixture(Harbour):
    """Another id, and the same arrays."""

    def __init__(self, **settings):
        super().__init__(**settings)
        self.id = "lab/fixture-v0"


def without(name):
    return lambda snapshot: {key: array for key, array in snapshot.items() if key != name}


def put(name, change):
    return lambda snapshot: snapshot | {name: change(snapshot[name])}


class TestRestore:
    """A snapshot goes on in the same copies of the same world, or nothing happens."""

    @pytest.mark.parametrize(
        ("make_other", "sentence"),
        [
            (lambda: rallypoint.make("torus-v0", copies=2), "id here is 'lab/harb.*'torus-v0'"),
            (lambda: ring(copies=2), "the id here is 'lab/harbour-v0', and in the snapshot 'gath"),
            (lambda: Fixture(copies=2), "the id here is .*, and in the snapshot 'lab/fixture-v0'"),
            (lambda: Harbour(copies=1), r"same copies: .* ids \[0, 1\], and the snapshot \[0\]; m"),
            (
                lambda: Harbour(copies=[0, 2]),
                r"and the snapshot \[0, 2\]; make a world with copies",
            ),
            (lambda: Harbour(copies=400), r"the snapshot \[0, 1, 2, 3, 4, 5, \.\.\.\]; make"),
        ],
    )
    def test_one_of_another_world_or_of_other_copies_is_refused(self, make_other, sentence):
        other = make_other()
        other.reset(seed=5)
        self.refuses(lambda _: other.snapshot(), sentence)

    @pytest.mark.parametrize(
        ("spoil", "sentence"),
        [
            (lambda _: None, "a snapshot of lab/harbour-v0 is a dict of arrays, .* got NoneType"),
            (lambda _: {"junk": 1}, "has the arrays .*; in this one there is no _alive, "),
            (without("_cells"), "in this one there is no _cells$"),
            (without("id"), "in this one there is no id$"),
            (put("copies", lambda copies: copies.tolist()), r"copies is int64 \(2,\), got list"),
            (without("draws.places"), r"in this one there is no draws\.places$"),
            (
                put("_cells", lambda cells: cells[:, :1]),
                r"_cells is int64 \(2, 2\), got int64 \(2, 1\)",
            ),
            (put("_cells", lambda cells: cells.astype(float)), r"_cells is int64 .* got float64"),
            (put("_alive", lambda alive: alive.tolist()), r"_alive is bool \(2, 5\), got list"),
            (put("seed", int), r"seed is uint64 \(\), got int"),
        ],
    )
    def test_what_is_no_snapshot_is_refused_with_what_must_hold(self, spoil, sentence):
        self.refuses(spoil, sentence)

    @pytest.mark.parametrize("settings", [{"cells": 7}, {"num_agents": 2}])
    def test_one_of_other_settings_is_refused(self, settings):
        other = rallypoint.make("gathering-v0", **{"num_agents": 3, "cells": 5} | settings)
        other.reset(seed=0)
        with pytest.raises(InvalidConfig, match="the groups here is '3 agents seeing Box"):
            ring().restore(other.snapshot())

    def refuses(self, spoil, sentence):
        env, undisturbed = Harbour(copies=2), Harbour(copies=2)
        for world in (env, undisturbed):
            world.reset(seed=3)
            world.step(still(world))
        with pytest.raises(InvalidConfig, match=sentence):
            env.restore(spoil(env.snapshot()))
        assert env.seed == 3
        for _ in range(3):
            mine, theirs = env.step(still(env)), undisturbed.step(still(undisturbed))
            assert all(
                (mine.observations[k] == theirs.observations[k]).all() for k in ("boats", "gulls")
            )


class TestAutoreset:
    """Ended copies start anew within the step that ends them."""

    def test_the_step_shows_the_new_episode_and_keeps_the_last_of_the_old(self):
        env, plain = autoreset(Harbour(copies=3, max_cycles=4)), Harbour(copies=3, max_cycles=4)
        env.reset(seed=0)
        plain.reset(seed=0)
        for _ in range(10):
            step, expected = env.step(still(env)), plain.step(still(plain))
            ended = expected.ended
            anew = plain.reset(mask=ended) if ended.any() else expected.observations
            assert np.array_equal(step.infos["ended"], ended)
            for name in ("boats", "gulls"):
                assert np.array_equal(step.observations[name], anew[name])
                final = step.infos[f"final_observations/{name}"]
                assert np.array_equal(final, expected.observations[name])
            for name in ("rewards", "terminated", "truncated", "alive"):
                assert np.array_equal(getattr(step, name), getattr(expected, name))

    def test_it_never_ends(self):
        env = autoreset(ring(copies=2, max_cycles=1))
        env.reset(seed=0)
        for _ in range(5):
            assert env.step(still(env)).truncated.all()
