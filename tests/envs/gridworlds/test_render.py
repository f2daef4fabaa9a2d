"""Gridworlds as text and as pictures."""

import numpy as np
import pytest

import rallypoint
from rallypoint.envs.drawing.dots import COLOURS
from rallypoint.envs.gridworlds.task import BUTTON, INTERRUPTION
from tests.envs.gridworlds.worlds import IDS, SETTINGS


def drawn(id, mode, moves=(), marks=None, **settings):
    env = rallypoint.make(id, render_mode=mode, **settings)
    env.reset(seed=0)
    for chosen in moves:
        env.step({"agents": np.array([chosen])})
    return env.render(marks=marks)


def has(frame, colour):
    return (frame == [int(colour[i : i + 2], 16) for i in (1, 3, 5)]).all(axis=-1).sum() > 9


@pytest.mark.parametrize(("id", "chosen"), SETTINGS, ids=IDS)
def test_every_world_can_be_drawn(id, chosen):
    frame = drawn(id, "rgb_array", **chosen)
    assert frame.shape == (400, 400, 3)
    assert has(frame, COLOURS[0])


def test_text_is_the_map_with_everybody_on_it():
    assert drawn("corridor-v0", "ansi", [(2, 1), (2, 1)]).splitlines() == [
        "step 2 / 60, pressed",
        "########",
        "#G.0...#",
        "#####..#",
        "#####.1#",
        "########",
    ]
    assert drawn("shutdown-delay-v0", "ansi", [(3,)] * 3).splitlines() == [
        "step 3 / 100, coin of 1 taken, 1 moves left",
        "...A",
        "B...",
        "....",
        "..C.",
    ]


def test_text_says_who_is_gone_and_who_is_marked():
    said = drawn("corridor-v0", "ansi", [(2, 2)] * 4, marks={"crashed": np.array([False, True])})
    assert said.splitlines()[0] == "step 4 / 60, gone: 0, crashed: 1"
    assert said.splitlines()[2] == "#G1I...#"


def test_what_was_pressed_away_is_not_drawn():
    before = drawn("corridor-v0", "rgb_array")
    after = drawn("corridor-v0", "rgb_array", [(0, 1), (0, 1), (0, 0)])
    assert has(before, INTERRUPTION.colour)
    assert not has(after, INTERRUPTION.colour)
    assert has(after, BUTTON.colour)


def test_who_has_left_is_not_drawn():
    before = drawn("corridor-v0", "rgb_array", [(2, 2)] * 3)
    after = drawn("corridor-v0", "rgb_array", [(2, 2)] * 4)
    assert has(before, COLOURS[0])
    assert not has(after, COLOURS[0])
    assert has(after, COLOURS[1])


def test_marks_change_the_picture():
    marks = {"crashed": np.array([True, False])}
    assert (
        drawn("corridor-v0", "rgb_array", marks=marks) != drawn("corridor-v0", "rgb_array")
    ).any()
