"""Worlds that can be looked at."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rallypoint.batch_env import Mask
from rallypoint.envs.batch import World
from rallypoint.envs.checks import check_name
from rallypoint.errors import InvalidConfig, NotReset

if TYPE_CHECKING:
    from rallypoint.envs.drawing.canvas import Frame
    from rallypoint.envs.drawing.renderer import Renderer

Marks = Mapping[str, Mask]  # name -> (N,) whom it applies to


class DrawnWorld(World):
    """A World that is drawn in the modes "rgb_array", "human" and "ansi".

    Its author writes ``_draw`` and ``_describe``. Both import what they draw with when they are
    called, so that a world that nobody looks at needs no Pillow.
    """

    metadata: Mapping[str, Any] = {"render_modes": ["rgb_array", "human", "ansi"], "render_fps": 10}

    def __init__(self, *args: Any, render_mode: str | None = None, **settings: Any) -> None:
        """Set up E copies, see ``World``; drawn in this mode, or not at all."""
        if render_mode is not None:
            check_name("render mode", render_mode, self.metadata["render_modes"])
        self.render_mode = render_mode
        self._renderer: Renderer | None = None
        super().__init__(*args, **settings)

    @abstractmethod
    def _draw(self, copy: int, marks: Marks, size: int) -> "Frame":
        """Return a picture of one copy: (size, size, 3)."""

    @abstractmethod
    def _describe(self, copy: int, marks: Marks) -> str:
        """Return one copy as lines of text."""

    def render(self, copy: int = 0, *, marks: Marks | None = None) -> Any:
        """Draw one copy: an RGB array, a window, or lines of text.

        Args:
            copy: which, an index and not a global id.
            marks: whom to draw apart, (N,) by name, such as {"crashed": …}.

        Raises:
            NotReset: before the first reset.
            InvalidConfig: no such copy or mark, or the world has no render mode.
            Unavailable: a window without pygame.
        """
        from rallypoint.envs.drawing.renderer import Renderer

        shown = self._checked(copy, marks)
        if self._renderer is None:
            fps = self.metadata["render_fps"]
            self._renderer = Renderer(self.render_mode, title=self.id, fps=fps)
        return self._renderer.show(
            lambda size: self._draw(copy, shown, size), lambda: self._describe(copy, shown)
        )

    def picture(self, copy: int = 0, *, marks: Marks | None = None, size: int = 400) -> "Frame":
        """Draw one copy, in whatever mode the world was made: (size, size, 3).

        Raises:
            NotReset: before the first reset.
            InvalidConfig: no such copy or mark.
        """
        return self._draw(copy, self._checked(copy, marks), size)

    def _checked(self, copy: int, marks: Marks | None) -> Marks:
        from rallypoint.envs.drawing.dots import checked_marks

        if not 0 <= copy < len(self.copies):
            raise InvalidConfig(f"a copy is an index in 0..{len(self.copies) - 1}, got {copy}")
        if self._seed is None:
            raise NotReset(f"{self.id} has nothing to draw before its first reset")
        return checked_marks(marks, self.num_agents)

    def close(self) -> None:
        """Close the window, if there is one."""
        if self._renderer is not None:
            self._renderer.close()
