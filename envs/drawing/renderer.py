"""What ``render`` gives back: a picture, a window or lines of text."""

from collections.abc import Callable

from rallypoint.envs.drawing.canvas import Frame
from rallypoint.envs.drawing.window import Window
from rallypoint.errors import InvalidConfig

_PICTURE_SIZE, _WINDOW_SIZE = 400, 640  # pixels


class Renderer:
    """Shows copies of a world in one render mode."""

    def __init__(self, mode: str | None, *, title: str, fps: float) -> None:
        """Prepare to render.

        Raises:
            InvalidConfig: the world was made without a render mode.
            Unavailable: "human" without pygame.
        """
        if mode is None:
            raise InvalidConfig(
                "a world renders in the mode it was made with, and this one has none; make it with "
                "render_mode='rgb_array', 'human' or 'ansi'"
            )
        self._mode = mode
        self._window = Window(title, fps) if mode == "human" else None

    def show(self, draw: Callable[[int], Frame], describe: Callable[[], str]) -> Frame | str | None:
        """Show what is drawn at a size, or described; None where it went to a window."""
        if self._mode == "ansi":
            return describe()
        if self._window is None:
            return draw(_PICTURE_SIZE)
        self._window.show(draw(_WINDOW_SIZE))
        return None

    def close(self) -> None:
        """Close the window, if there is one."""
        if self._window is not None:
            self._window.close()
