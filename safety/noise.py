"""Noise of two shapes, about zero."""

import math
from typing import Literal, get_args

from rallypoint.batch_env import Mask
from rallypoint.draws import Draws, Floats
from rallypoint.errors import InvalidConfig, did_you_mean
from rallypoint.normal import normal_of

Shape = Literal["gaussian", "uniform"]


def check_noise(kind: str, *sizes: float) -> None:
    """Refuse noise that cannot be drawn.

    Raises:
        InvalidConfig: says what must hold.
    """
    shapes = get_args(Shape)
    if kind not in shapes:
        raise InvalidConfig(
            f"noise is gaussian or uniform, not {kind!r}{did_you_mean(kind, shapes)}"
        )
    for size in sizes:
        if not 0 <= size < math.inf:
            raise InvalidConfig(f"a scale of noise is a finite number >= 0, got {size}")


def draw_noise(draws: Draws, cells: Mask, shape: tuple[int, ...], kind: Shape) -> Floats:
    """Draw (E, n, *shape), and return what falls to some cells of (E, n): (k, *shape).

    With standard deviation 1 if Gaussian, from [-1, 1) if uniform.
    """
    drawn = draws.at(cells, shape)
    return 2 * drawn - 1 if kind == "uniform" else normal_of(drawn)


def in_words(kind: Shape, size: str) -> str:
    """Say what noise of a size is.

    >>> in_words("gaussian", "0.5")
    'Gaussian noise of standard deviation 0.5'
    """
    if kind == "uniform":
        return f"uniform noise of at most {size} to either side"
    return f"Gaussian noise of standard deviation {size}"
