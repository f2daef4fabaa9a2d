"""Progress: a few lines where nobody watches, a bar where somebody does."""

import io
import re

import pytest

from rallypoint.experiments import progress
from rallypoint.experiments.progress import Bars, Lines, in_words


class Clock:
    """Time that passes when told."""

    now = 0.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(progress, "time", clock)
    return clock


def test_a_long_piece_says_now_and_then_how_long_it_still_takes(clock):
    out = io.StringIO()
    with Lines(out, every=10) as shown, shown("training", 100) as advance:
        for _ in range(100):
            clock.now += 0.3
            advance()
    assert out.getvalue().splitlines() == [
        "training …",
        "training: 34 of 100, about 20 s left",
        "training: 68 of 100, about 9.6 s left",
        "training: done in 30 s",
    ]


def test_a_short_piece_is_one_line(clock):
    out = io.StringIO()
    with Lines(out) as shown, shown("testing", 3) as advance:
        advance(3)
    assert out.getvalue() == "testing …\n"


def test_more_units_than_announced_promise_nothing(clock):
    out = io.StringIO()
    with Lines(out, every=0) as shown, shown("training", 2) as advance:
        advance(5)
    assert "left" not in out.getvalue()


def test_bars_show_label_and_time_left(monkeypatch):
    err = io.StringIO()
    err.isatty = lambda: True
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stderr", err)
    with progress.display() as shown:
        assert isinstance(shown, Bars)
        with shown("G1 [quick]: training", 10) as advance:
            advance(3)
            shown.say("T1 holds: [0, 1]")
    text = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", err.getvalue())
    assert "T1 holds: [0, 1]" in text
    assert "G1 [quick]: training" in text
    assert "left" in text


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (59.4, "59 s"), (60, "1 min 0 s"), (7384, "2 h 3 min")],
)
def test_durations_are_said_as_people_do(seconds, words):
    assert in_words(seconds) == words
