"""How a world is looked at: by its own picture, whoever wrote it, or by what it says."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image

from rallypoint.batch_env import BatchEnv, Mask
from rallypoint.envs.drawing.canvas import Frame
from rallypoint.envs.drawing.drawn_world import DrawnWorld
from rallypoint.errors import InvalidConfig
from rallypoint.registration import make

SIDE = 480  # pixels, of the field that a picture fills
_SURROUND = 238  # grey round a picture that is no square
_MODES = ("rgb_array", "ansi")  # the best first


def make_shown(id: str, settings: Mapping[str, Any]) -> BatchEnv:
    """Make one copy of a world, in the mode in which most is seen of it.

    Raises:
        UnknownName, Unavailable, InvalidConfig: as ``make`` does, or a mode that is given.
    """
    if "render_mode" in settings:
        raise InvalidConfig("show draws by itself: leave render_mode out of --env-set")
    world = make(id, copies=1, **settings)
    if isinstance(world, DrawnWorld):
        return world
    for mode in _MODES:
        if mode in (world.metadata.get("render_modes") or ()):
            world.close()
            return make(id, copies=1, **settings, render_mode=mode)
    return world


class Sight:
    """Looks at a world; where its picture fails, says why, once and for all."""

    def __init__(self, world: BatchEnv) -> None:
        """Prepare to look at a world that ``make_shown`` made."""
        self._world = world
        self.failure = ""  # why there is no picture of a world that should have one

    def look(self, marks: Mapping[str, Mask]) -> tuple[Frame | None, str]:
        """Return its picture, if there is one, else what it says of itself."""
        if isinstance(self._world, DrawnWorld):
            there = {name: mask & self._world.alive[0] for name, mask in marks.items()}
            met = {name: mask for name, mask in there.items() if mask.any()}
            return self._world.picture(marks=met, size=SIDE), ""
        if self.failure or self._world.render_mode not in _MODES:
            return None, ""
        try:
            shown = self._world.render()
        except Exception as error:  # noqa: BLE001  # somebody's drawing is no reason to stop
            self.failure = " ".join(f"{type(error).__name__}: {error}".split())
            return None, ""
        if self._world.render_mode == "ansi":
            return None, str(shown)
        if not _is_picture(shown):
            self.failure = f"its picture is {type(shown).__name__}, not uint8 (height, width, 3)"
            return None, ""
        return fitted(shown[..., :3]), ""


def fitted(picture: Frame, side: int = SIDE) -> Frame:
    """Return a picture as large as fits into a square, in its middle, with a fine edge."""
    height, width = picture.shape[:2]
    scale = side / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    # Pixels of a small picture are cells, and stay sharp.
    how = Image.Resampling.NEAREST if scale >= 2 else Image.Resampling.LANCZOS
    shrunk = np.asarray(Image.fromarray(np.ascontiguousarray(picture)).resize(size, how))
    framed = np.full((side, side, 3), _SURROUND, dtype=np.uint8)
    top, left = (side - size[1]) // 2, (side - size[0]) // 2
    framed[top : top + size[1], left : left + size[0]] = shrunk
    # White pictures on white paper would run into one another.
    for edge in (framed[0], framed[-1], framed[:, 0], framed[:, -1]):
        edge[:] = _SURROUND
    return framed


def _is_picture(shown: Any) -> bool:
    return (
        isinstance(shown, np.ndarray)
        and shown.dtype == np.uint8
        and shown.ndim == 3
        and shown.shape[2] in (3, 4)
        and shown.size > 0
    )
