"""Films of an episode: that they show it, and stay small."""

import io

import numpy as np
import pytest
from PIL import Image

import rallypoint
from rallypoint.envs.film import gif, record, side_by_side
from rallypoint.envs.gathering.picture import draw
from rallypoint.errors import InvalidConfig


class Wandering:
    """Anywhere, at random."""

    def act(self, observations, draws):
        return {"agents": draws.integers(3, observations["agents"].shape[1:2])}


def a_ring(num_agents=10, **settings):
    settings = {"render_mode": "rgb_array", "copies": 2} | settings
    return rallypoint.make("gathering-v0", num_agents=num_agents, **settings)


@pytest.fixture
def frames():
    shades = np.linspace(0, 255, 5).astype(np.uint8)
    return [np.full((8, 6, 3), shade) for shade in shades]


def test_an_episode_is_its_start_and_each_of_its_steps():
    env = a_ring(max_cycles=4)
    filmed = record(env, Wandering(), copy=1, seed=3)
    assert len(filmed) == 5
    env.reset(seed=3)
    np.testing.assert_array_equal(filmed[0], draw(env.state()[1], 13, step=0, time_limit=4))


def test_one_seed_is_one_film_and_the_next_episode_another():
    env = a_ring(max_cycles=3)
    first, again, following = (record(env, Wandering(), seed=seed) for seed in (3, 3, None))
    np.testing.assert_array_equal(first, again)
    assert any((a != b).any() for a, b in zip(first, following, strict=True))


def test_given_actions_are_followed_until_they_run_out():
    clockwise = [{"agents": np.ones((2, 10), dtype=int)}] * 3
    env = a_ring(start="antipodal")
    filmed = record(env, clockwise, seed=0)
    assert len(filmed) == 4
    env.reset(seed=0)
    last = draw((env.state()[0] + 3) % 13, 13, step=3, time_limit=65)
    np.testing.assert_array_equal(filmed[-1], last)


def test_a_film_can_be_cut_short():
    assert len(record(a_ring(), Wandering(), seed=0, max_steps=2)) == 3


def test_copies_that_end_earlier_do_not_stop_the_film():
    env = a_ring(max_cycles=6)
    steps = 0

    class Removing(Wandering):
        def act(self, observations, draws):
            nonlocal steps
            steps += 1
            return super().act(observations, draws)

    ordinary_step = env.step

    def step(actions):
        done = ordinary_step(actions)
        if steps == 2:
            env.remove(np.array([[False], [True]]).repeat(10, axis=1))
            return done._replace(alive=env.alive)
        return done

    env.step = step
    assert len(record(env, Removing(), copy=0, seed=0)) == 7


def test_a_world_that_draws_no_arrays_is_refused():
    with pytest.raises(InvalidConfig, match="render_mode='rgb_array', got None"):
        record(a_ring(render_mode=None), Wandering())


@pytest.mark.parametrize("num_agents", [10, 100])
def test_a_film_of_a_whole_episode_stays_under_a_megabyte(num_agents):
    filmed = record(a_ring(num_agents), Wandering(), seed=0)
    content = gif(filmed)
    assert len(content) < 1_000_000
    with Image.open(io.BytesIO(content)) as film:
        assert film.n_frames == 66
        film.seek(40)
        shown = np.asarray(film.convert("RGB"), dtype=int)
    assert np.abs(shown - filmed[40]).mean() < 1
    assert (shown[0, 0] == 255).all()


def test_frames_last_as_long_as_they_should_and_the_film_begins_again(frames):
    with Image.open(io.BytesIO(gif(frames, fps=20))) as film:
        durations = []
        for i in range(film.n_frames):
            film.seek(i)
            durations.append(film.info["duration"])
        assert film.info["loop"] == 0
    assert durations == [50, 50, 50, 50, 1500]


@pytest.mark.parametrize(
    ("wrong", "fps", "says"),
    [
        ([], 10, "got none"),
        ([np.zeros((4, 4), dtype=np.uint8)], 10, r"got uint8 \(4, 4\)"),
        ([np.zeros((4, 4, 3))], 10, r"got float64 \(4, 4, 3\)"),
        ([np.zeros((n, 4, 3), dtype=np.uint8) for n in (2, 3)], 10, "of one shape"),
        ([np.zeros((4, 4, 3), dtype=np.uint8)], 0, "got 0"),
        ([np.zeros((4, 4, 3), dtype=np.uint8)], 100, "got 100"),
    ],
)
def test_what_cannot_be_a_film_is_refused(wrong, fps, says):
    with pytest.raises(InvalidConfig, match=says):
        gif(wrong, fps=fps)


def test_two_films_stand_side_by_side_and_the_shorter_one_waits(frames):
    both = side_by_side(frames, frames[:2], ("before", "after"))
    assert len(both) == 5
    for i, frame in enumerate(both):
        np.testing.assert_array_equal(frame[-8:, :6], frames[i])
        np.testing.assert_array_equal(frame[-8:, -6:], frames[min(i, 1)])


def test_films_of_two_heights_stand_side_by_side(frames):
    tall = [np.zeros((20, 6, 3), dtype=np.uint8)]
    (*_, last) = side_by_side(frames, tall, ("small", "large"))
    np.testing.assert_array_equal(last[-20:-12, :6], frames[-1])
    assert not last[-20:, -6:].any()
