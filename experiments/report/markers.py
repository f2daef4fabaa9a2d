"""Shapes along a line, so that lines are told apart without their colours."""

from collections.abc import Iterable

_R, _S, _D = 3.6, 3.2, 4.4  # sizes of discs, of squares, and of what stands on a corner
# Each as a path around its own place.
_SHAPES = (
    f"m-{_R} 0a{_R} {_R} 0 1 0 {2 * _R} 0a{_R} {_R} 0 1 0 -{2 * _R} 0z",  # disc
    f"m-{_S} -{_S}h{2 * _S}v{2 * _S}h-{2 * _S}z",  # square
    f"m0 -{_D}l{_D} {1.8 * _D:g}h-{2 * _D}z",  # triangle
    f"m0 -{_D}l{_D} {_D}l-{_D} {_D}l-{_D} -{_D}z",  # diamond
    f"m0 {_D}l{_D} -{1.8 * _D:g}h-{2 * _D}z",  # triangle on its tip
    f"m-1.3 -{_D}h2.6v3.1h3.1v2.6h-3.1v3.1h-2.6v-3.1h-3.1v-2.6h3.1z",  # plus
    f"m-{_D} -1.5l2.9 0l1.5 -2.9l1.5 2.9l2.9 0l-2.2 2.2l.9 3.1l-3.1 -1.8l-3.1 1.8l.9 -3.1z",  # star
)


def marked(style: int, places: Iterable[tuple[float, float]]) -> str:
    """Return a path with a style's shape at each place."""
    shape = _SHAPES[style % len(_SHAPES)]
    return "".join(f"M{x:g} {y:g}{shape}" for x, y in places)
