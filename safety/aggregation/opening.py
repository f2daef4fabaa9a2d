"""What users hand over, as updates that can be walked: arrays, tensors, blocks of either."""

import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from rallypoint.errors import InvalidUpdates
from rallypoint.safety.aggregation.accepted import check_dtype, check_shape
from rallypoint.safety.aggregation.kernels import Block
from rallypoint.safety.aggregation.updates import (
    InMemory,
    Stream,
    Updates,
)


def opened(updates: Any) -> Updates:
    """Return updates that can be walked.

    Args:
        updates: an array or tensor (n, d); or blocks of columns, (n, b) each and of any widths, as
            a list or as a function that returns an iterator over them, anew on each call.

    Raises:
        InvalidUpdates: something else; says what came.
    """
    if isinstance(updates, np.ndarray):
        return InMemory(_as_array(updates))
    if isinstance(updates, Updates):
        return updates
    if is_tensor(updates):
        from rallypoint.safety.aggregation import kernels_torch

        return kernels_torch.opened(updates)
    if callable(updates):
        return _stream(updates)
    if isinstance(updates, list | tuple) and updates and getattr(updates[0], "ndim", 0) == 2:
        return _stream(lambda: iter(updates))
    if hasattr(updates, "__next__"):
        raise InvalidUpdates(
            "blocks are read more than once, and an iterator is used up after the first time: "
            "give a list, or a function that returns a new iterator"
        )
    return InMemory(_as_array(updates))


def is_tensor(value: Any) -> bool:
    """Say whether a value is a torch tensor, without importing torch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def _as_array(value: Any) -> np.ndarray[Any, Any]:
    if type(value) is np.ndarray:
        return value
    rows = value if isinstance(value, list | tuple) else [value]
    if any(np.ma.is_masked(row) for row in rows):
        raise InvalidUpdates(
            "what is masked in updates would count as numbers; fill it with NaN and take a rule "
            "that knows what is missing, such as nan_median, or leave its rows out"
        )
    try:
        return np.asarray(value)
    except (ValueError, TypeError) as error:
        raise InvalidUpdates(f"updates must be an array (n, d): {error}") from error


def _stream(source: Callable[[], Any]) -> Updates:
    blocks: Any = source()
    if not hasattr(blocks, "__iter__"):
        raise InvalidUpdates(
            f"a function of updates returns an iterator over blocks (n, b), got {blocks!r}"
        )
    first: Any = next(iter(blocks), None)
    if first is None:
        raise InvalidUpdates("updates in blocks must have at least one block, got none")
    if is_tensor(first):
        from rallypoint.safety.aggregation import kernels_torch

        return kernels_torch.stream(first, source)

    def pieces() -> Iterator[Block]:
        return map(_as_block, source())

    return Stream(_as_block(first), pieces)


def _as_block(piece: Any) -> Block:
    block = _as_array(piece)
    check_shape(block.shape, columns=0)
    check_dtype(block.dtype)
    return block
