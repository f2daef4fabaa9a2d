"""Games as pictures: where they stand, who did what, and for what."""

import numpy as np
import pytest

import rallypoint
from rallypoint.registration import envs, spec

GAMES = [name for name in envs if "envs.games" in str(spec(name).entry_point)]
PAPER, CELL, NOW = (255, 255, 255), (238, 240, 243), (11, 110, 105)


def colours(picture):
    """Return how many pixels of a picture have each colour."""
    found, counts = np.unique(picture.reshape(-1, 3), axis=0, return_counts=True)
    return {tuple(map(int, colour)): int(n) for colour, n in zip(found, counts, strict=True)}


@pytest.mark.parametrize("id", GAMES)
def test_every_game_is_drawn(id):
    env = rallypoint.make(id, render_mode="rgb_array", copies=2)
    env.reset(seed=0)
    begun = env.render(1)
    assert (begun.shape, begun.dtype) == ((400, 400, 3), np.uint8)
    assert colours(begun)[NOW] > 1000  # the present state
    env.step({group.name: np.zeros((2, len(group.agents)), int) for group in env.groups})
    assert (env.render(1) != begun).any()
    assert env.picture(0, size=480).shape == (480, 480, 3)


def test_a_picture_says_which_state_it_is_and_whom_a_mark_is_for():
    env = rallypoint.make("two-state-v0", render_mode="rgb_array")
    env.reset(seed=0)
    env.step({"agents": np.array([[1]])})
    moved = env.render()
    left, right = moved[:, :200], moved[:, 200:]
    at = [NOW in colours(half) for half in (left, right)]
    assert at == [env.state()[0] == 0, env.state()[0] == 1]
    marked = env.picture(marks={"crashed": np.array([True])})
    apart = (marked != env.picture()).any(axis=2)
    assert apart.any()
    assert not apart[:, 100:].any()  # the dot of the agent alone


def test_many_states_and_agents_fit_into_the_picture():
    one = rallypoint.make("off-switch-v0", render_mode="rgb_array")  # 510 states: one is drawn
    many = rallypoint.make("matching-game-v0", num_agents=12, render_mode="rgb_array")
    for env in (one, many):
        env.reset(seed=0)
        picture = env.render()
        for edge in (picture[:5], picture[-5:], picture[:, :5], picture[:, -5:]):
            assert colours(edge) == {PAPER: edge.size // 3}
    assert CELL not in colours(one.render())
