"""Pictures of the ring: what they show, and that they can be had anywhere."""

import sys

import numpy as np
import pytest

import rallypoint
from rallypoint.envs.drawing.canvas import Canvas
from rallypoint.envs.drawing.dots import COLOURS, MARKS
from rallypoint.envs.gathering.picture import dot_pitch, dots, draw, fullest_window
from rallypoint.envs.gathering.text import describe
from rallypoint.errors import InvalidConfig, NotReset, Unavailable

GATHERED = np.array([0, 0, 1, 1, 1, 12, 12, 0, 6, 7])


def pixels_of(frame, colour):
    """Count the pixels of exactly this colour."""
    wanted = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return int((frame == wanted).all(axis=-1).sum())


def a_ring(**settings):
    env = rallypoint.make("gathering-v0", copies=3, **settings)
    env.reset(seed=1)
    return env


@pytest.mark.parametrize("num_agents", [1, 3, 10, 100, 1000])
@pytest.mark.parametrize("cells", [3, 5, 13, 31, 200])
def test_any_ring_can_be_drawn(num_agents, cells, rng):
    frame = draw(rng.integers(-1, cells, num_agents), cells, step=3, time_limit=5 * cells)
    assert frame.shape == (400, 400, 3)
    assert frame.dtype == np.uint8


def test_the_same_positions_give_the_same_picture_and_others_do_not():
    moved = np.where(np.arange(10) == 8, 5, GATHERED)
    assert (draw(GATHERED, 13) == draw(GATHERED.copy(), 13)).all()
    assert (draw(GATHERED, 13) != draw(moved, 13)).any()


def test_each_agent_has_its_own_colour():
    assert len(set(COLOURS)) == 10
    frame = draw(GATHERED, 13)
    assert all(pixels_of(frame, colour) > 50 for colour in COLOURS)


def test_an_agent_that_is_gone_is_not_on_the_ring():
    frame = draw(np.where(np.arange(10) == 2, -1, GATHERED), 13)
    assert not pixels_of(frame, COLOURS[2])
    assert pixels_of(frame, COLOURS[3])


def test_a_crashed_agent_is_drawn_hollow():
    nobody = np.zeros(10, dtype=bool)
    fourth = np.arange(10) == 3
    whole, hollow = (draw(GATHERED, 13, marks={"crashed": who}) for who in (nobody, fourth))
    assert 0 < pixels_of(hollow, COLOURS[3]) < 0.6 * pixels_of(whole, COLOURS[3])
    assert pixels_of(hollow, COLOURS[4]) == pixels_of(whole, COLOURS[4])


def test_the_crashed_part_of_a_crowd_is_pale(rng):
    positions = rng.integers(0, 13, 1000)
    whole = draw(positions, 13)
    half = draw(positions, 13, marks={"crashed": np.arange(1000) < 500})
    assert 0.3 < pixels_of(half, "#3f90da") / pixels_of(whole, "#3f90da") < 0.7


@pytest.mark.parametrize(
    ("positions", "stands_out"),
    [
        (GATHERED, True),
        (np.where(np.arange(10) == 0, 6, GATHERED), False),  # 7 of 10
        (np.where(np.arange(10) > 7, -1, GATHERED), True),  # 8 of the 8 that are left
        (np.full(10, -1), False),
    ],
    ids=["8 of 10", "7 of 10", "8 of 8", "nobody"],
)
def test_a_group_stands_out_once_it_holds_four_fifths_of_the_living(positions, stands_out):
    assert bool(pixels_of(draw(positions, 13), "#d3ebe6")) == stands_out
    assert ("gathered" in describe(positions, 13)) == stands_out


def test_of_equal_windows_the_one_with_most_in_its_middle_is_meant():
    assert fullest_window(np.array([0, 0, 0, 0, 9, 0, 0])) == 3
    assert fullest_window(np.array([9, 0, 0, 0, 0, 0, 0])) == 6


@pytest.mark.parametrize("cells", [3, 13, 31])
@pytest.mark.parametrize("count", [1, 2, 7, 30])
def test_dots_of_a_cell_neither_overlap_nor_leave_it(count, cells):
    pitch = dot_pitch(count, cells)
    if pitch is None:  # a bar is drawn instead
        assert (count, cells) == (30, 31)
        return
    places = dots(count, pitch, cells)
    assert len(places) == count
    at = np.array([Canvas(100).at(*place) for place in places]) / 300  # fine pixels
    apart = np.linalg.norm(at[:, None] - at[None], axis=-1) + np.eye(count)
    assert apart.min() > 0.88 * pitch  # twice a dot's radius
    assert all(
        abs(turn) * 2 * np.pi * radius + 0.44 * pitch < np.pi * radius / cells
        for radius, turn in places
    )


@pytest.mark.parametrize(
    ("marks", "says"),
    [
        ({"crshed": np.zeros(10, dtype=bool)}, "did you mean 'crashed'"),
        ({"crashed": np.zeros(9, dtype=bool)}, r"bool array \(10,\), got bool \(9,\)"),
        ({"crashed": np.zeros(10)}, "got float64"),
    ],
)
def test_marks_that_cannot_be_meant_are_refused(marks, says):
    with pytest.raises(InvalidConfig, match=says):
        a_ring(render_mode="rgb_array").render(marks=marks)


@pytest.mark.parametrize("name", list(MARKS))
def test_every_mark_changes_the_picture_of_dots_and_of_bars(name, rng):
    for positions in (GATHERED, rng.integers(0, 13, 1000)):
        mask = np.arange(len(positions)) % 2 == 0
        assert (draw(positions, 13, marks={name: mask}) != draw(positions, 13)).any()


def test_text_shows_counts_the_fullest_window_and_who_is_missing():
    positions = np.array([0, 0, 1, 4, 4, 4, 4, 5, 3, -1])
    marks = {"crashed": np.arange(10) < 2}
    assert describe(positions, 6, marks=marks, step=7, time_limit=30) == (
        "step 7 / 30, largest group 7 of 9 (78 %), gone: 1 of 10, crashed: 2\n 2] 1  .  1 [4  1"
    )


def test_a_world_draws_the_copy_that_is_asked_for():
    env = a_ring(render_mode="rgb_array")
    frames = [env.render(copy) for copy in range(3)]
    assert (frames[0] != frames[1]).any()
    np.testing.assert_array_equal(frames[2], draw(env.state()[2], 13, step=0, time_limit=65))


def test_a_world_draws_marks_and_those_that_were_removed():
    env = a_ring(render_mode="ansi")
    env.remove(np.arange(10)[None] + np.zeros((3, 1), dtype=int) < 4)
    said = env.render(1, marks={"crashed": np.arange(10) == 9})
    assert "gone: 4 of 10" in said
    assert "crashed: 1" in said


def test_what_cannot_be_drawn_is_refused_in_a_sentence():
    with pytest.raises(InvalidConfig, match="make it with render_mode="):
        a_ring().render()
    with pytest.raises(InvalidConfig, match=r"index in 0\.\.2, got 3"):
        a_ring(render_mode="ansi").render(3)
    with pytest.raises(NotReset, match="before its first reset"):
        rallypoint.make("gathering-v0", render_mode="ansi").render()


def test_a_window_opens_shows_and_closes():
    pygame = pytest.importorskip("pygame")
    env = a_ring(render_mode="human")
    assert env.render() is None
    shown = pygame.surfarray.array3d(pygame.display.get_surface()).swapaxes(0, 1)
    expected = draw(env.state()[0], 13, step=0, time_limit=65, size=640)
    np.testing.assert_array_equal(shown, expected)
    env.close()
    assert not pygame.display.get_init()
    env.close()


def test_a_window_that_its_reader_closed_stays_closed():
    pygame = pytest.importorskip("pygame")
    env = a_ring(render_mode="human")
    env.render()
    pygame.event.post(pygame.event.Event(pygame.QUIT))
    env.render()
    env.render()
    assert not pygame.display.get_init()


def test_without_pygame_the_window_says_how_to_get_it(monkeypatch):
    env = a_ring(render_mode="human")
    monkeypatch.setitem(sys.modules, "pygame", None)
    with pytest.raises(Unavailable, match=r"pip install 'rallypoint\[render\]'"):
        env.render()


def test_neither_making_nor_stepping_a_world_loads_pillow_or_pygame():
    from tests.tree import python

    script = (
        "import sys, numpy, rallypoint\n"
        "env = rallypoint.make('gathering-v0', render_mode='human')\n"
        "env.reset(seed=0)\n"
        "env.step({'agents': numpy.zeros((1, 10), dtype=int)})\n"
        "print({'PIL', 'pygame'} & set(sys.modules))"
    )
    assert python("-c", script).strip() == "set()"
