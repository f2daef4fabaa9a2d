"""CartPole: the same numbers as Gymnasium's, step for step."""

import gymnasium
import numpy as np
import pytest

import rallypoint
from rallypoint.envs.conformance import assert_is_env
from rallypoint.envs.control.cartpole.dynamics import ANGLE_LIMIT, POSITION_LIMIT
from rallypoint.envs.control.cartpole.picture import describe, draw


def theirs(state, actions):
    """Play Gymnasium's CartPole from a state; yield what each step returns."""
    env = gymnasium.make("CartPole-v1").unwrapped
    env.reset(seed=0)
    env.state = np.array(state)
    for action in actions:
        observation, reward, terminated, _, _ = env.step(int(action))
        yield observation, reward, terminated
        if terminated:
            return


@pytest.mark.parametrize("copies", [1, 37])
def test_every_step_is_that_of_gymnasium_to_the_bit(copies, rng):
    env = rallypoint.make("cartpole-v1", copies=copies)
    env.reset(seed=3)
    starts = env.state()
    script = rng.integers(2, size=(60, copies, 1))
    going = [theirs(starts[copy], script[:, copy, 0]) for copy in range(copies)]
    lengths = np.zeros(copies, dtype=int)
    over = np.zeros(copies, dtype=bool)
    for actions in script:
        step = env.step({"agents": actions})
        for copy in np.flatnonzero(~over):
            observation, reward, terminated = next(going[copy])
            assert (step.observations["agents"][copy, 0] == observation).all()
            assert step.rewards[copy, 0] == reward
            assert step.terminated[copy, 0] == terminated
            lengths[copy] += 1
        over |= step.terminated[:, 0]
        if step.ended.any():
            env.reset(mask=step.ended)
    assert over.any()
    assert (lengths > 8).all()


def test_it_is_an_env():
    assert_is_env("cartpole-v1")


def test_episodes_begin_near_upright_and_every_copy_on_its_own():
    env = rallypoint.make("cartpole-v1", copies=4000)
    env.reset(seed=0)
    starts = env.state()
    assert np.abs(starts).max() <= 0.05
    # Of 16,000 uniform numbers: the mean's standard error is 0.05 / sqrt(3 x 16,000).
    assert abs(starts.mean()) < 4 * 0.05 / np.sqrt(3 * starts.size)
    assert len(np.unique(starts)) == starts.size


def test_a_pole_that_is_pushed_one_way_falls_and_one_that_is_held_up_is_cut():
    env = rallypoint.make("cartpole-v1", copies=8, max_cycles=30)
    env.reset(seed=1)
    going = True
    steps = 0
    while going:
        step = env.step({"agents": np.ones((8, 1), dtype=int)})
        steps += 1
        going = not step.ended.any()
    assert step.terminated.any()
    assert 8 <= steps <= 12
    env.reset(seed=1)
    for _ in range(30):
        state = env.state()
        step = env.step({"agents": (state[:, [2]] + 0.5 * state[:, [3]] > 0).astype(int)})
    assert step.truncated.all()
    assert not step.terminated.any()


def test_the_picture_shows_where_the_cart_is():
    left, right = (draw(np.array([x, 0.0, 0.0, 0.0])) for x in (-2.0, 2.0))
    blue = [(frame == [63, 144, 218]).all(axis=-1).nonzero()[1].mean() for frame in (left, right)]
    assert blue[0] < 100
    assert blue[1] > 300


@pytest.mark.parametrize("angle", [-ANGLE_LIMIT, 0.0, ANGLE_LIMIT])
def test_the_text_says_how_far_the_pole_leans(angle):
    assert f"pole at {np.degrees(angle):+.1f}°" in describe(
        np.array([POSITION_LIMIT, 0.0, angle, 0.0])
    )
