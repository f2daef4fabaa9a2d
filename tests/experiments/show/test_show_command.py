"""``rallypoint show``, as it is typed."""

import re
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

THREATS = """
format = 1
[[threats]]
kind = "interruption"
victims = ["agent_0"]
policy = "uniform"
"""


@pytest.fixture
def threats(tmp_path):
    path = tmp_path / "threats.toml"
    path.write_text(THREATS)
    return path


def test_a_film_has_a_picture_for_each_step_and_one_for_the_start(rallypoint, threats, tmp_path):
    words = ("show", "gathering-v0", "--agent", "circular_mean", "--threats", threats)
    words += ("--steps", 3, "--episodes", 2)
    for name in ("a.gif", "b.gif"):
        done = rallypoint(*words, "--out", name)
        assert done.status == 0, done.err
    assert "episode 2: 3 steps, return per agent" in done.out
    assert re.search("interruption: [1-6] agent-steps of agent_0\n", done.out)
    assert (tmp_path / "a.gif").read_bytes() == (tmp_path / "b.gif").read_bytes()
    with Image.open(tmp_path / "a.gif") as film:
        assert (film.n_frames, film.size) == (8, (960, 540))
        assert film.info["duration"] == 100


def test_threats_to_updates_are_left_out_and_told(rallypoint, threats):
    more = '[byzantine]\ncount = 1\n[[threats]]\nkind = "alie"\nvictims = "byzantine"\n'
    threats.write_text(THREATS + more)
    done = rallypoint("show", "gathering-v0", "--threats", threats, "--steps", 1, "--out", "a.gif")
    assert done.status == 0, done.err
    assert "not here: alie, which are of updates, and nobody learns" in done.out


def test_what_was_trained_is_shown_where_it_was_trained(rallypoint, tmp_path):
    words = ("--env-set", "cells=5", "--env-set", "num_agents=3", "--env-set", "max_cycles=4")
    done = rallypoint(
        *("train", "--env", "gathering-v0", "--agent", "q_learning", "--steps", 50),
        *(*words, "--out", "trained"),
    )
    assert done.status == 0, done.err
    films = []
    for more in ((), ("gathering-v0",), ("--greedy",), ("--env-set", "max_cycles=2")):
        done = rallypoint("show", *more, "--agent", "trained", "--out", "a.gif")
        assert done.status == 0, done.err
        films.append((tmp_path / "a.gif").read_bytes())
        assert f"{2 if 'max_cycles=2' in more else 4} steps" in done.out
    assert films[0] == films[1]


def test_a_film_strip_is_one_picture(rallypoint, threats, tmp_path):
    done = rallypoint("show", "cartpole-v1", "--threats", threats, "--steps", 5, "--out", "a.PNG")
    assert done.status == 0, done.err
    with Image.open(tmp_path / "a.PNG") as strip:
        assert strip.format == "PNG"
        assert strip.width == 960


def test_other_libraries_are_shown(rallypoint, tmp_path):
    done = rallypoint(
        "show", "mpe2.simple_spread_v3:parallel_env", "--steps", 2, "--fps", 50, "--out", "a.gif"
    )
    assert done.status == 0, done.err
    with Image.open(tmp_path / "a.gif") as film:
        assert film.n_frames == 3
        assert film.info["duration"] == 20


def test_a_window_shows_the_same_pictures(rallypoint, monkeypatch):
    pygame = pytest.importorskip("pygame")
    from rallypoint.envs.drawing.window import Window
    from rallypoint.experiments.show.showing import Showing

    shown = []
    plain = Window.show

    def show(self, frame):
        plain(self, frame)
        surface = pygame.display.get_surface()
        shown.append(pygame.surfarray.array3d(surface).swapaxes(0, 1))

    monkeypatch.setattr(Window, "show", show)
    done = rallypoint("show", "gathering-v0", "--steps", 2, "--fps", 50)
    assert done.status == 0, done.err
    expected = list(Showing.of("gathering-v0", most_steps=2).boards())
    np.testing.assert_array_equal(shown[:3], expected)
    assert len(shown) == 3 + 150
    assert not pygame.display.get_init()


def test_a_window_that_is_closed_ends_it(rallypoint, monkeypatch):
    pygame = pytest.importorskip("pygame")
    from rallypoint.envs.drawing.window import Window

    closed = []
    plain = Window.show

    def show(self, frame):
        plain(self, frame)
        if not closed:
            pygame.event.post(pygame.event.Event(pygame.QUIT))
        closed.append(not self.is_open)

    monkeypatch.setattr(Window, "show", show)
    done = rallypoint("show", "gathering-v0", "--fps", 50)
    assert done.status == 0, done.err
    assert closed == [False, True]
    assert "steps" not in done.out  # no episode came to its end


def test_without_a_screen_the_way_out_is_named(rallypoint, monkeypatch):
    for variable in ("SDL_VIDEODRIVER", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(variable, raising=False)
    done = rallypoint("show", "gathering-v0")
    assert (done.status, done.out) == (2, "")
    assert done.err == (
        "Error: there is no screen for a window here; write a film with --out FILE.gif\n"
    )


def test_an_mp4_needs_its_library_or_is_one(rallypoint, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "av", None)
    done = rallypoint("show", "gathering-v0", "--out", "a.mp4")
    assert done.status == 2
    assert "pip install 'rallypoint[video]'" in done.err
    assert done.err.count("\n") == 1
    monkeypatch.undo()
    av = pytest.importorskip("av")
    monkeypatch.chdir(tmp_path)
    assert rallypoint("show", "gathering-v0", "--steps", 4, "--out", "a.mp4").status == 0
    with av.open("a.mp4") as film:
        assert len(list(film.decode(video=0))) == 5 + 14


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("gathering-v0", "--out", "a.mov"), "--out ends in .gif, .mp4 (a film) or .png"),
        (("gathering-v0", "--out", "a.png", "--episodes", "2"), "shows one episode"),
        (("gatherin-v0", "--out", "a.gif"), "did you mean 'gathering-v0'"),
        (("gathering-v0", "--env-set", "render_mode=human", "--out", "a.gif"), "leave render_mode"),
        (("--out", "a.gif"), "Missing argument 'ENV'"),
        (("gathering-v0", "--seed", "-1", "--out", "a.gif"), "a seed is"),
        (("corridor-v0", "--env-set", "push=False", "--out", "a.gif"), "push is true or false"),
        (
            ("ant-colony-v0", "--agent", "response_threshold", "--set", "quits=often"),
            "Error: quits is a number, got 'often'",
        ),
        (("gathering-v0", "--fps", "99", "--out", "a.gif"), "fps"),
        (("gathering-v0", "--steps", "0", "--out", "a.gif"), "steps"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line(rallypoint, tmp_path, words, says):
    done = rallypoint("show", *words)
    assert (done.status, done.out) == (2, "")
    assert says in done.err
    assert done.err.count("\n") == 1
    assert not list(tmp_path.glob("a.*"))


def test_nobody_greets_on_standard_output(tmp_path):
    words = [sys.executable, "-m", "rallypoint", "show", "gymnasium:CartPole-v1"]
    done = subprocess.run(
        [*words, "--steps", "1", "--out", tmp_path / "a.gif"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[0].startswith("gymnasium:CartPole-v1, episode 1: 1 steps")
