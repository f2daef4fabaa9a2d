"""Marks on agents: each is told from each other by its place and shape, and by its colour."""

from itertools import combinations

import numpy as np
import pytest

from rallypoint.envs.drawing.canvas import Canvas
from rallypoint.envs.drawing.dots import MARK_COLOURS, MARKS, Dot, noted

# From sRGB without gamma to cones and back: F. Viénot, H. Brettel & J. D. Mollon (1999), "Digital
# Video Colourmaps for Checking the Legibility of Displays by Dichromats", Color Research and
# Application 24.
CONES = np.array(
    [[17.8824, 43.5161, 4.11935], [3.45565, 27.1554, 3.86714], [0.0299566, 0.184309, 1.46709]]
)
SEEN_BY = {
    "everybody": np.eye(3),
    "protanopes": np.array([[0, 2.02344, -2.52581], [0, 1, 0], [0, 0, 1]]),
    "deuteranopes": np.array([[1, 0, 0], [0.494207, 0, 1.24827], [0, 0, 1]]),
}
APART = 40  # of 255, between two colours


def as_seen(colour, seen_by):
    parts = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.linalg.inv(CONES) @ SEEN_BY[seen_by] @ CONES @ linear, 0, 1)
    return 255 * np.where(seen <= 0.0031308, 12.92 * seen, 1.055 * seen ** (1 / 2.4) - 0.055)


def touched(name, radius):
    """Return which pixels a mark changes on a dot, whatever its colour."""
    pictures = []
    for is_marked in (False, True):
        canvas = Canvas(100)
        dot = Dot(canvas.point(0.5, 0.5), radius, "#777777")
        canvas.disc(dot.at, dot.radius, dot.colour)
        if is_marked:
            MARKS[name](canvas, dot)
        pictures.append(canvas.frame())
    return (pictures[0] != pictures[1]).any(axis=-1)


@pytest.mark.parametrize("seen_by", list(SEEN_BY))
def test_colours_stay_apart_however_they_are_seen(seen_by):
    for one, other in combinations(MARK_COLOURS, 2):
        colours = as_seen(MARK_COLOURS[one], seen_by), as_seen(MARK_COLOURS[other], seen_by)
        assert np.linalg.norm(colours[0] - colours[1]) >= APART, (one, other)


@pytest.mark.parametrize("radius", [0.06, 0.15])
def test_no_two_marks_cover_the_same_place(radius):
    for one, other in combinations(MARKS, 2):
        here, there = touched(one, radius), touched(other, radius)
        assert here.any()
        shared = (here & there).sum() / (here | there).sum()
        assert shared < 0.5, (one, other)


def test_pictures_explain_what_agents_are_and_not_what_is_done_to_them():
    nobody = np.zeros(3, dtype=bool)
    assert list(noted(dict.fromkeys(MARKS, nobody))) == ["crashed", "byzantine"]
