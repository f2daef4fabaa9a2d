"""Pictures of scenes: of one shape, the same again, and with what they are about in them."""

import gymnasium
import numpy as np
import pytest

import rallypoint
from rallypoint.envs.drawing.dots import MARK_COLOURS
from rallypoint.experiments.show import rows
from rallypoint.experiments.show.filmstrip import filmstrip
from rallypoint.experiments.show.showing import Showing
from rallypoint.experiments.show.sights import SIDE, Sight, fitted, make_shown
from rallypoint.registration import envs
from rallypoint.safety.threat_model import ThreatModel

DECEIVED = {"kind": "wrong_observation", "victims": ["agent_1"]}


def a_showing(env, *names, threats=(), **settings):
    model = ThreatModel.from_dict({"threats": list(threats)})
    return Showing.of(env, names, threats=model, **settings)


def has(frame, colour):
    parts = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return bool((frame == parts).all(axis=-1).any())


@pytest.mark.parametrize("id", list(envs))
def test_any_world_gives_a_picture_of_each_scene_and_the_same_again(id):
    first, again = (list(a_showing(id, most_steps=1).boards()) for _ in range(2))
    assert len(first) == 2
    assert all(frame.shape == (540, 960, 3) and frame.dtype == np.uint8 for frame in first)
    np.testing.assert_array_equal(first, again)
    assert (first[0] != first[1]).any()


def test_another_seed_is_another_film():
    one, other = (next(a_showing("gathering-v0", seed=seed).boards()) for seed in (0, 1))
    assert (one[60:, :SIDE] != other[60:, :SIDE]).any()


def test_a_worlds_own_picture_is_in_it():
    showing = a_showing("gathering-v0", most_steps=1)
    start = next(showing.boards())
    world = rallypoint.make("gathering-v0")
    world.reset(0)
    np.testing.assert_array_equal(start[60:, :SIDE], world.picture(size=SIDE))


def test_somebody_elses_picture_is_in_it():
    showing = a_showing("gymnasium:CartPole-v1", most_steps=1)
    start = next(showing.boards())
    env = gymnasium.make("CartPole-v1", render_mode="rgb_array")
    env.reset(seed=int(showing.world.env.episode_seeds[0]))
    np.testing.assert_array_equal(start[60:, :SIDE], fitted(env.render()))
    env.close()


def test_a_drawing_that_fails_is_told_and_the_actions_are_shown_instead():
    world = make_shown("gymnasium:CartPole-v1", {})
    world.reset(0)
    sight = Sight(world)

    def fail():
        raise RuntimeError("no\ncontext")

    world.render = fail
    assert sight.look({}) == (None, "")
    assert sight.failure == "RuntimeError: no context"
    world.render = lambda: np.zeros((4, 4), np.uint8)
    again = Sight(world)
    assert again.look({}) == (None, "")
    assert "not uint8" in again.failure
    world.close()


@pytest.mark.parametrize(("shape", "edge_rows"), [((20, 40, 3), 240), ((400, 200, 3), 2)])
def test_pictures_of_any_shape_fill_the_field_one_way(shape, edge_rows):
    white = fitted(np.full(shape, 255, np.uint8))
    assert white.shape == (SIDE, SIDE, 3)
    assert int((white[:, SIDE // 2] != 255).all(axis=-1).sum()) == edge_rows
    assert (white == 255).all(axis=-1).mean() == pytest.approx(0.5, abs=0.01)


def test_who_is_deceived_is_seen_beside_the_picture_and_in_it_and_only_then():
    quiet, lied_to = (
        list(a_showing("gathering-v0", threats=threats, most_steps=2).boards())
        for threats in ([DECEIVED | {"when": {"from": 60}}], [DECEIVED])
    )
    blue = MARK_COLOURS["deceived"]
    legend_from = 60 + SIDE - 32
    assert not has(quiet[-1][:legend_from], blue)
    assert has(lied_to[-1][60:, :SIDE], blue)
    assert has(lied_to[-1][60:legend_from, SIDE:], blue)


def test_a_row_is_of_an_agent_while_there_is_room_and_then_of_a_mark():
    few, many = (
        a_showing("gathering-v0", threats=[DECEIVED], env_settings={"num_agents": count}).cast
        for count in (10, 200)
    )
    assert rows.by_agent(few, 200)
    assert not rows.by_agent(few, 199)
    assert not rows.by_agent(many, 480)
    assert rows.height_of(many, 480) == rows.MOST


def test_a_film_strip_shows_the_whole_episode_whatever_its_length():
    short, long = (
        filmstrip(showing.scenes(), showing.cast)
        for showing in (
            a_showing("gathering-v0", threats=[DECEIVED], most_steps=steps) for steps in (1, 4)
        )
    )
    assert short.shape == long.shape
    assert short.shape[1] == 960
    course = 60 + 304 + 26 + 30  # below the pictures and the steps they are of
    blue = [int(MARK_COLOURS["deceived"][i : i + 2], 16) for i in (1, 3, 5)]
    lies = (long[course : course + 240, 58:882] == blue).all(axis=-1).any(axis=0)
    assert lies.mean() > 0.95  # at each step
