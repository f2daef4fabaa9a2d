"""What must not matter on a torus does not: where, which way round, how many, in which batch."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rallypoint
from tests.envs.torus.drawn import run, tori, torus

SQUARE = np.arange(25).reshape(5, 5)
# What an axis's mirror, or swapping the axes, makes of positions, of actions and of entries.
SYMMETRIES = {
    "x mirrored": (lambda p: p * [-1, 1], [0, 2, 1, 3, 4], SQUARE[::-1].ravel()),
    "y mirrored": (lambda p: p * [1, -1], [0, 1, 2, 4, 3], SQUARE[:, ::-1].ravel()),
    "axes swapped": (lambda p: p[..., ::-1], [0, 3, 4, 1, 2], SQUARE.T.ravel()),
}


@given(tori(), st.integers(0, 30), st.integers(0, 30))
def test_the_world_looks_the_same_from_everywhere(drawn, right, up):
    sizes, start, actions = drawn
    shifted = (start + np.array([right, up])) % sizes["width"]
    seen, earned = run(torus(sizes, start), actions)
    seen_there, earned_there = run(torus(sizes, shifted), actions)
    np.testing.assert_array_equal(seen_there, seen)
    np.testing.assert_array_equal(earned_there, earned)


@pytest.mark.parametrize("symmetry", SYMMETRIES)
@given(drawn=tori())
def test_the_mirror_image_of_an_episode_is_an_episode(symmetry, drawn):
    reflect, actions_there, entries_there = SYMMETRIES[symmetry]
    sizes, start, actions = drawn
    seen, earned = run(torus(sizes, start), actions)
    there = torus(sizes, reflect(start) % sizes["width"])
    seen_there, earned_there = run(there, np.array(actions_there)[actions])
    np.testing.assert_array_equal(seen_there, seen[..., entries_there])
    np.testing.assert_array_equal(earned_there, earned)


@given(tori(st.integers(1, 20)), st.integers(2, 5))
def test_a_population_and_its_multiple_see_the_same_shares(drawn, times):
    sizes, start, actions = drawn
    seen, _ = run(torus(sizes, start), actions)
    crowd = torus(sizes, np.tile(start, (1, times, 1)))
    seen_by_crowd, _ = run(crowd, np.tile(actions, times))
    np.testing.assert_array_equal(seen_by_crowd, np.tile(seen, (1, 1, times, 1)))


@given(tori(), st.randoms(use_true_random=False))
def test_who_is_who_does_not_matter(drawn, random):
    sizes, start, actions = drawn
    order = list(range(start.shape[1]))
    random.shuffle(order)
    seen, earned = run(torus(sizes, start), actions)
    seen_there, earned_there = run(torus(sizes, start[:, order]), actions[..., order])
    np.testing.assert_array_equal(seen_there, seen[:, :, order])
    np.testing.assert_array_equal(earned_there, earned[:, :, order])


def play(copies, num_agents, *, episodes=2, steps=3):
    """Return everything that comes of some episodes, each copy acting by its own id."""
    env = rallypoint.make("torus-v0", copies=copies, num_agents=num_agents, max_cycles=steps)
    moments = []
    for episode in range(episodes):
        moments.append(env.reset(7 if episode == 0 else None)["agents"])
        for taken in range(steps):
            actions = env.copies[:, None] * 3 + np.arange(num_agents) * 7 + taken
            step = env.step({"agents": actions % 5})
            moments += [step.observations["agents"], step.rewards[..., None]]
    return np.concatenate(moments, axis=-1)


@pytest.mark.parametrize(("num_copies", "num_agents"), [(1000, 10), (70, 60)])
def test_a_copy_plays_the_same_episodes_in_any_batch(num_copies, num_agents):
    # More agents than are counted at a time, so that chunks end somewhere inside.
    whole = play(num_copies, num_agents)
    for copies in ([num_copies - 1], range(5, 9), [3, 60, 2]):
        np.testing.assert_array_equal(play(copies, num_agents), whole[list(copies)])
