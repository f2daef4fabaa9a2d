"""Pictures of the torus: what they show."""

import numpy as np
import pytest

import rallypoint
from rallypoint.envs.drawing.canvas import CROWD, GATHERED, GATHERED_CELL, PALE_CROWD
from rallypoint.envs.drawing.dots import COLOURS, MARKS
from rallypoint.envs.torus.picture import draw, fullest_window
from rallypoint.envs.torus.text import describe
from rallypoint.errors import InvalidConfig

GROUP = np.array([[0, 0], [0, 1], [1, 1], [14, 0], [14, 14], [0, 14], [1, 0], [1, 14]])
GATHERED_TEAM = np.concatenate([GROUP, [[7, 7], [3, 12]]])  # 8 of 10, across all edges


def pixels_of(frame, colour):
    """Count the pixels of exactly this colour."""
    wanted = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return int((frame == wanted).all(axis=-1).sum())


@pytest.mark.parametrize("num_agents", [1, 10, 100, 1000])
@pytest.mark.parametrize("width", [5, 15, 51])
def test_any_torus_can_be_drawn(num_agents, width, rng):
    positions = rng.integers(width, size=(num_agents, 2))
    positions[1::7] = -1
    frame = draw(positions, width, step=3, time_limit=50)
    assert frame.shape == (400, 400, 3)
    assert frame.dtype == np.uint8


def test_nobody_can_be_drawn_and_described():
    nobody = np.full((3, 2), -1)
    assert draw(nobody, 15).shape == (400, 400, 3)
    assert describe(nobody, 5).startswith("largest group 0 of 0 (0 %), gone: 3 of 3")


def test_each_agent_has_its_own_colour_unless_it_is_gone():
    frame = draw(GATHERED_TEAM, 15)
    assert all(pixels_of(frame, colour) > 15 for colour in COLOURS)
    without = draw(np.where(np.arange(10)[:, None] == 2, -1, GATHERED_TEAM), 15)
    assert not pixels_of(without, COLOURS[2])


def test_a_column_more_is_to_the_right_and_a_row_more_is_higher():
    def at(column, row):
        frame = draw(np.array([[column, row]]), 15)
        wanted = [int(COLOURS[0][i : i + 2], 16) for i in (1, 3, 5)]
        below, right = np.argwhere((frame == wanted).all(axis=-1)).mean(axis=0)
        return right, below

    assert at(5, 5)[0] == pytest.approx(at(4, 5)[0] + 400 * 0.83 / 15, abs=1)
    assert at(5, 5)[1] == pytest.approx(at(5, 4)[1] - 400 * 0.83 / 15, abs=1)


@pytest.mark.parametrize("crashed", [0, 3])
def test_a_group_stands_out_once_it_holds_four_fifths_of_the_living(crashed):
    seven = GATHERED_TEAM.copy()
    seven[0] = 10, 4
    for positions, stands_out in ((GATHERED_TEAM, True), (seven, False), (GROUP, True)):
        marks = {"crashed": np.arange(len(positions)) < crashed}
        frame = draw(positions, 15, marks=marks)
        assert bool(pixels_of(frame, GATHERED_CELL)) == stands_out
        assert bool(pixels_of(frame, GATHERED)) == stands_out
        assert ("gathered" in describe(positions, 15)) == stands_out


def test_of_equal_windows_the_one_with_most_in_its_middle_is_meant():
    counts = np.zeros((15, 15), dtype=np.int64)
    counts[14, 3] = 4
    assert fullest_window(counts) == (14, 3)


def test_the_marked_part_of_a_crowd_is_pale(rng):
    positions = rng.integers(3, size=(1000, 2))
    whole = draw(positions, 15)
    half = draw(positions, 15, marks={"crashed": np.arange(1000) < 500})
    assert not pixels_of(whole, PALE_CROWD)
    assert 0.3 < pixels_of(half, CROWD) / pixels_of(whole, CROWD) < 0.7


@pytest.mark.parametrize("name", list(MARKS))
def test_every_mark_changes_the_picture(name):
    marked = draw(GATHERED_TEAM, 15, marks={name: np.arange(10) == 9})
    assert (marked != draw(GATHERED_TEAM, 15)).any()


def test_a_world_is_drawn_and_described_as_it_stands():
    env = rallypoint.make("torus-v0", copies=2, render_mode="rgb_array")
    env.reset(seed=0)
    marks = {"crashed": np.arange(10) == 0}
    expected = draw(env.state()[1], 15, marks=marks, step=0, time_limit=50)
    np.testing.assert_array_equal(env.render(1, marks=marks), expected)
    env = rallypoint.make("torus-v0", render_mode="ansi")
    env.reset(seed=0)
    assert env.render(marks=marks) == describe(
        env.state()[0], 15, marks=marks, step=0, time_limit=50
    )
    with pytest.raises(InvalidConfig, match="did you mean 'crashed'"):
        env.render(marks={"crshed": marks["crashed"]})
