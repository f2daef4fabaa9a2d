"""A window on the screen that shows pictures one after the other."""

import os
import sys
from typing import Any

from rallypoint.envs.drawing.canvas import Frame
from rallypoint.errors import Unavailable


class Window:
    """Opens with the first picture; once its reader has closed it, further ones are not shown."""

    def __init__(self, title: str, fps: float) -> None:
        """Prepare a window that shows at most so many pictures a second.

        Raises:
            Unavailable: there is no pygame; says how to get it.
        """
        try:
            import pygame
        except ImportError as error:
            raise Unavailable(
                "a window needs pygame, which is not installed: pip install 'rallypoint[render]', "
                "or choose render_mode 'rgb_array' or 'ansi'"
            ) from error
        self._pygame = pygame
        self._title, self._fps = title, fps
        self._clock = pygame.time.Clock()
        self._screen: Any = None
        self._is_dismissed = False

    def has_screen(self) -> bool:
        """Say whether anybody could see it.

        SDL, which draws it, draws into memory where it finds no screen, and says nothing; whoever
        names a driver in SDL_VIDEODRIVER knows what they do.
        """
        if "SDL_VIDEODRIVER" in os.environ:
            return True
        screens = ("DISPLAY", "WAYLAND_DISPLAY")
        if sys.platform == "linux" and not any(os.environ.get(name) for name in screens):
            return False
        self._pygame.display.init()
        return self._pygame.display.get_driver() not in {"offscreen", "dummy"}

    @property
    def is_open(self) -> bool:
        """Whether there is a window to look at."""
        return self._screen is not None

    def show(self, frame: Frame) -> None:
        """Show a picture, no sooner than the last one has had its time."""
        self._listen()
        if self._is_dismissed:
            return
        width, height = frame.shape[1], frame.shape[0]
        if self._screen is None or self._screen.get_size() != (width, height):
            self._pygame.display.init()
            self._screen = self._pygame.display.set_mode((width, height))
            self._pygame.display.set_caption(self._title)
        picture = self._pygame.image.frombuffer(frame.tobytes(), (width, height), "RGB")
        self._screen.blit(picture, (0, 0))
        self._pygame.display.flip()
        self._listen()
        self._clock.tick(self._fps)

    def close(self) -> None:
        """Take the window off the screen."""
        if self._screen is not None:
            self._screen = None
            self._pygame.display.quit()

    def _listen(self) -> None:
        # A window whose events nobody takes is shown as hanging.
        if self._screen is not None:
            for event in self._pygame.event.get():
                if event.type == self._pygame.QUIT:
                    self._is_dismissed = True
                    self.close()
                    return
