"""Worlds that have no picture, but can be told in lines of text."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from rallypoint.envs.batch import World
from rallypoint.envs.checks import check_name
from rallypoint.errors import InvalidConfig, NotReset


class ToldWorld(World):
    """A World that is told in the mode "ansi"; its author writes ``_tell``."""

    metadata: Mapping[str, Any] = {"render_modes": ["ansi"], "render_fps": 4}

    def __init__(self, *args: Any, render_mode: str | None = None, **settings: Any) -> None:
        """Set up E copies, see ``World``; told in this mode, or not at all."""
        if render_mode is not None:
            check_name("render mode", render_mode, self.metadata["render_modes"])
        self.render_mode = render_mode
        super().__init__(*args, **settings)

    @abstractmethod
    def _tell(self, copy: int) -> str:
        """Return one copy as lines of text."""

    def render(self, copy: int = 0) -> str:
        """Say in a few lines where a copy stands, and what was done last.

        Raises:
            InvalidConfig: there is no such copy, or the world was made without a render mode.
            NotReset: before the first reset.
        """
        if self.render_mode is None:
            raise InvalidConfig(f'{self.id} was made without a render mode; say render_mode="ansi"')
        if not 0 <= copy < self.num_copies:
            raise InvalidConfig(f"a copy is an index in 0..{self.num_copies - 1}, got {copy}")
        if self._seed is None:
            raise NotReset(f"{self.id} has nothing to tell before its first reset")
        return self._tell(copy)
