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
    with pytest.raises(EpisodeEnded, match=r"1 of 2 copies have ended \(rows \[0\]…\); reset them"):
        env.step(still(env))
    env.reset(mask=step.ended)
    env.step(still(env))


def test_removal_asks_for_a_mask_of_agents():
    env = ring(copies=2)
    env.reset(seed=0)
    for wrong in (np.ones((2, 4), dtype=bool), np.ones((2, 3), dtype=int)):
        with pytest.raises(InvalidConfig, match=r"a mask of agents is a bool array \(2, 3\), got"):
            env.remove(wrong)


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
