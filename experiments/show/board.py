"""The picture of one step: the world, and beside it who is interrupted, deceived or down."""

from collections.abc import Iterable, Iterator

import numpy as np

from rallypoint.envs.drawing import canvas as look
from rallypoint.envs.drawing.canvas import Canvas, Frame
from rallypoint.envs.drawing.captions import time_of
from rallypoint.experiments.show import legend, percepts, rows
from rallypoint.experiments.show.curve import draw_curve
from rallypoint.experiments.show.ledger import draw_ledger
from rallypoint.experiments.show.percepts import Percept, draw_percept, percept_of
from rallypoint.experiments.show.scenes import Cast, Scene
from rallypoint.experiments.show.sights import SIDE

WIDTH, HEAD = 2 * SIDE, 60  # pixels
_LARGE, _MIDDLE, _SMALL, _EDGE = 25, 20, 17, 12
_ABOVE_ROWS, _CURVE, _LOWEST_CURVE = 26, 200, 62


def boards(scenes: Iterable[Scene], cast: Cast) -> Iterator[Frame]:
    """Draw each scene, (540, 960, 3), with what happened before it in its episode."""
    past: list[Scene] = []
    watched: int | None = None
    for scene in scenes:
        if scene.step == 0:
            past, watched = [], None
        past.append(scene._replace(picture=None))  # nobody needs an old one
        percept = percept_of(scene, cast, watched) if "deceived" in cast.marks else None
        watched = percept.agent if percept else watched
        picture = draw_ledger(past, cast) if scene.picture is None else scene.picture
        panel = _panel(past, cast, percept)
        yield np.concatenate(
            [draw_head(cast, scene), np.concatenate([picture, panel], axis=1)], axis=0
        )


def draw_head(cast: Cast, scene: Scene | None) -> Frame:
    """Draw what is shown, under what, and how far it is: (HEAD, WIDTH, 3)."""
    canvas = Canvas(WIDTH, HEAD)
    one = canvas.pixel
    when = ""
    if scene is not None:
        when = time_of(scene.step, cast.time_limit)
        if cast.num_episodes > 1:
            when = f"episode {scene.episode + 1} / {cast.num_episodes}, {when}"
    left = 1 - _EDGE * one - canvas.length(when, _MIDDLE * one)
    canvas.write_from(when, left, 21 * one, _MIDDLE * one, look.INK)
    title = _cut(canvas, cast.title, _LARGE, left - 3 * _EDGE * one)
    canvas.write_from(title, _EDGE * one, 20 * one, _LARGE * one, look.INK, bold=True)
    subtitle = _cut(canvas, cast.subtitle, _SMALL, 1 - 2 * _EDGE * one)
    canvas.write_from(subtitle, _EDGE * one, 46 * one, _SMALL * one, look.GREY)
    return canvas.frame()


def _about(cast: Cast) -> str:
    """Say what rows show, and who is who where agents are of several kinds."""
    about = "what is done to whom" if cast.marks else "who earns"
    if len(cast.groups) > 1:
        ends = np.cumsum([len(group.agents) for group in cast.groups]).tolist()
        who = [
            f"{end - 1} {group.name}"
            if len(group.agents) == 1
            else f"{end - len(group.agents)}-{end - 1} {group.name}"
            for group, end in zip(cast.groups, ends, strict=True)
        ]
        about += f": {', '.join(who)}"
    return about


def _cut(canvas: Canvas, text: str, height: float, room: float) -> str:
    """Return a line as far as there is room for it."""
    if canvas.length(text, height * canvas.pixel) <= room:
        return text
    while text and canvas.length(f"{text} …", height * canvas.pixel) > room:
        text = text[:-1]
    return f"{text} …"


def _panel(past: list[Scene], cast: Cast, percept: Percept | None) -> Frame:
    """Draw rows, curve, what one agent sees, and the legend, from above: (480, 480, 3)."""
    canvas = Canvas(SIDE, SIDE)
    one = canvas.pixel
    room = SIDE - _ABOVE_ROWS - legend.height_of(cast, SIDE) - 8
    if "deceived" in cast.marks:
        room -= percepts.HEIGHT
    room_for_rows = room - _LOWEST_CURVE
    columns = rows.num_columns(cast, len(past))
    about = _cut(canvas, _about(cast), 16, (SIDE - rows.LEFT - rows.RIGHT) * one)
    canvas.write_from(about, rows.LEFT * one, 14 * one, 16 * one, look.GREY)
    right = "return" if rows.by_agent(cast, room_for_rows) else "now"
    left = 1 - _EDGE * one - canvas.length(right, 16 * one)
    canvas.write_from(right, left, 14 * one, 16 * one, look.GREY)
    rows.draw_rows(canvas, _ABOVE_ROWS, room_for_rows, past, cast, columns=columns)
    below = _ABOVE_ROWS + rows.height_of(cast, room_for_rows) + 6
    curve = min(_CURVE, _ABOVE_ROWS + room - below)
    draw_curve(canvas, below, curve, past, columns=columns)
    if percept is not None:
        draw_percept(canvas, _ABOVE_ROWS + room + 4, percept)
    counts = legend.counted(past, cast)
    legend.draw_legend(canvas, SIDE - legend.height_of(cast, SIDE) - 4, cast, counts)
    return canvas.frame()
