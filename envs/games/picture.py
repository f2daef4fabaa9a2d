"""A game as a picture: its states, where it stands, and what everybody did and earned last."""

from collections.abc import Sequence

from rallypoint.envs.drawing import canvas as look
from rallypoint.envs.drawing.canvas import Canvas, Frame
from rallypoint.envs.drawing.dots import Marks, draw_agent

# Lengths are shares of the picture's width.
_LEFT, _RIGHT = 0.06, 0.94
_HEAD, _SMALL, _LINE = 0.063, 0.032, 0.042
_TOP, _MIDDLE, _BOTTOM = 0.12, 0.56, 0.98  # the states lie above the middle, the agents below it
_GAP = 0.02
_MOST_STATES, _MOST_AGENTS = 12, 8  # that are drawn; of more states, the present one alone
_PITCH = 0.09  # from one agent to the next, where there is room


Last = tuple[str, str | None, float]  # an agent, what it did, if it did anything yet, and for what


def draw(
    states: Sequence[str],
    now: int,
    last: Sequence[Last],
    *,
    marks: Marks,
    when: str,
    size: int = 400,
) -> Frame:
    """Draw a game in one of its states.

    Args:
        states: by name, those after the last step among them.
        now: the present one.
        last: of each agent.
        marks: whom to draw apart, (N,) by name.
        when: how far the episode is, in words.
        size: of the picture, in pixels.
    """
    canvas = Canvas(size)
    canvas.write_from(when, _LEFT, _HEAD, _SMALL, look.GREY)
    shown = [*states] if len(states) <= _MOST_STATES else [states[now]]
    columns = min(len(shown), 4 if len(shown) > 6 else 3)
    rows = -(-len(shown) // columns)
    wide = (_RIGHT - _LEFT - (columns - 1) * _GAP) / columns
    high = min((_MIDDLE - _TOP - rows * _GAP) / rows, 0.2)
    for place, name in enumerate(shown):
        row, column = divmod(place, columns)
        is_now = len(shown) == 1 or place == now
        left, top = _LEFT + column * (wide + _GAP), _TOP + row * (high + _GAP)
        canvas.bar(left, top, wide, high, look.GATHERED if is_now else look.CELL)
        colour = look.PAPER if is_now else look.GREY
        at = canvas.point(left + wide / 2, top + high / 2)
        canvas.write(name, at, _fitting(canvas, name, wide), colour, bold=is_now)
    begins = _TOP + rows * (high + _GAP) + 2 * _GAP
    _draw_agents(canvas, last, marks, begins)
    return canvas.frame()


def _draw_agents(canvas: Canvas, last: Sequence[Last], marks: Marks, begins: float) -> None:
    shown = last[:_MOST_AGENTS]
    pitch = min(_PITCH, (_BOTTOM - begins) / (len(shown) + (len(last) > len(shown))))
    for agent, (name, did, reward) in enumerate(shown):
        below = begins + (agent + 0.5) * pitch
        draw_agent(canvas, agent, canvas.point(_LEFT + pitch / 2, below), pitch, marks)
        paid = "" if did is None else f"{reward + 0.0:+.3g}"
        room = _RIGHT - canvas.length(paid, _LINE)
        canvas.write_from(paid, room, below, _LINE, look.INK, bold=True)
        left = _LEFT + pitch + _GAP
        text = name if did is None else f"{name} did {did}"
        canvas.write_from(text, left, below, _fitting(canvas, text, room - left, _LINE), look.INK)
    if more := len(last) - len(shown):
        below = begins + (len(shown) + 0.5) * pitch
        canvas.write_from(f"and {more} more", _LEFT, below, _SMALL, look.GREY)


def _fitting(canvas: Canvas, text: str, room: float, largest: float = 0.05) -> float:
    """Return the height at which a line of text has room."""
    return min(largest, largest * 0.9 * room / max(canvas.length(text, largest), 1e-9))
