"""Points beside the updates: the origin, the last aggregate, the server's gradient, the median."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rallypoint.safety.aggregation.kernels import Block, Row, working
from rallypoint.safety.aggregation.parts import Context, CoordinateRule, Part
from rallypoint.safety.aggregation.rules import aggregators
from rallypoint.safety.aggregation.updates import AnchorOf


def anchors_of(parts: Sequence[Part], context: Context) -> dict[str, AnchorOf]:
    """Return the anchors that parts declare, in the order in which they come first."""
    names = dict.fromkeys(name for part in parts for name in part.anchors)
    return {name: _anchor(name, context) for name in names}


def _anchor(name: str, context: Context) -> AnchorOf:
    match name:
        case "origin":
            return _zeros
        case "median":
            return _median_of
        case _:
            return _columns_of(getattr(context, name))


def _zeros(start: int, width: int, updates: Callable[[], Block]) -> Row:
    del start, updates
    return np.zeros(width, np.float32)


def _median_of(start: int, width: int, updates: Callable[[], Block]) -> Row:
    del start, width
    block = updates()
    rule = aggregators["median"]()
    assert isinstance(rule, CoordinateRule)
    return rule.combine(block.astype(working(block.dtype), copy=False), (len(block) - 1) // 2)


def _columns_of(vector: NDArray[Any]) -> AnchorOf:
    def columns(start: int, width: int, updates: Callable[[], Block]) -> Row:
        del updates
        here: Row = vector[start : start + width]
        return here

    return columns
