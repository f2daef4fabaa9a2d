"""Arrays (E, N, …) have a cell for each agent of each copy; here some are picked or replaced."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from rallypoint.batch_env import Array, Mask

# Cells are numbered row by row. Those at even distances, as one agent's in all copies are, or all
# of them, are a slice, so that nothing is copied to pick them.
Places = NDArray[np.int64] | slice


def places_of(where: Mask) -> Places:
    """Return the numbers of the cells where a mask (E, N) is true: (k,).

    >>> places_of(np.array([[False, True, True], [False, True, False]]))
    array([1, 2, 4])
    >>> places_of(np.array([[False, True, False], [False, True, False]]))
    slice(1, 5, 3)
    """
    places = where.reshape(-1).nonzero()[0]
    if not len(places):
        return places
    first, last, gaps = int(places[0]), int(places[-1]), len(places) - 1
    step = (last - first) // max(gaps, 1) or 1
    if first + step * gaps != last or np.count_nonzero(places[1:] - places[:-1] - step):
        return places
    return slice(first, last + 1, step)


def number_of(places: Places) -> int:
    """Return how many cells there are at some places.

    >>> number_of(slice(1, 5, 3))
    2
    """
    if isinstance(places, slice):
        return len(range(places.start, places.stop, places.step))
    return len(places)


def moved(
    places: Places, shape: tuple[int, ...], columns: slice, width: int, rows: Mask | None = None
) -> Places:
    """Return the numbers that cells of a part have in the whole (E, width).

    Args:
        places: in the part, (k,).
        shape: of the part.
        columns: of the whole, that the part has.
        width: of the whole.
        rows: (E,) of the whole, that the part has; all if not given.

    >>> moved(np.array([0, 3]), (2, 2), slice(1, 3), 5)
    array([1, 7])
    """
    if rows is None and shape[1] == width:
        return places
    copies, agents = np.divmod(np.arange(shape[0] * shape[1])[places], max(shape[1], 1))
    if rows is not None:
        copies = np.flatnonzero(rows)[copies]
    found: NDArray[np.int64] = copies * width + (columns.start + agents)
    return found


def taken(values: Array, places: Places) -> Array:
    """Return the cells at some places: (E, n, …) -> (k, …)."""
    flat = _in_a_row(values)
    return flat[places] if isinstance(places, slice) else flat.take(places, axis=0)


def gathered(values: Array, where: Mask) -> Array:
    """Return values[where], in a fraction of the time: (E, N, …) -> (k, …)."""
    return taken(values, places_of(where))


def among(few: Array, cells: Mask, where: Mask) -> Array:
    """Return, of what falls to some cells (k, …), what falls to those of them in a mask (E, N).

    >>> among(np.array([7, 8]), np.array([[True, True]]), np.array([[False, True]]))
    array([8])
    """
    return few if where is cells else few.compress(gathered(where, cells), axis=0)


def put(values: Array, places: Places, few: Array) -> None:
    """Put few cells (k, …) in some places of values (E, n, …), a C-contiguous array.

    A cell is copied as one thing: number by number it takes several times as long.
    """
    if values.ndim == 2:
        _in_a_row(values)[places] = few
    elif few.size:
        cells, others = _cells(values, 2), _cells(few.astype(values.dtype, copy=False))
        if isinstance(places, slice):
            cells.reshape(-1, 1)[places] = others
        else:
            cells.put(places, others)


def replaced(values: Array, where: Mask, others: Array) -> Array:
    """Return values (E, N, …) with those of others where a mask (E, N) is true: a new array.

    Its type holds both.

    >>> replaced(np.array([[1, 2]]), np.array([[False, True]]), np.array([[7, 8]]))
    array([[1, 8]])
    """
    kind = values.dtype if values.dtype == others.dtype else np.result_type(values, others)
    chosen: Array = np.array(values, dtype=kind, order="C")
    if chosen.ndim == 2:
        np.copyto(chosen, others, where=where)
        return chosen
    if chosen.size:
        whole = others if others.shape == chosen.shape else np.broadcast_to(others, chosen.shape)
        others = _cells(whole.astype(kind, copy=False), 2)
        np.copyto(_cells(chosen, 2), others, where=where[..., None])
    return chosen


def spread(few: Array, where: Mask) -> Array:
    """Put the numbers of few cells (k, …) where they belong among zeros: (E, N, …).

    >>> spread(np.array([7]), np.array([[False, True]]))
    array([[0, 7]])
    """
    shape = (*where.shape, *few.shape[1:])
    if len(few) == where.size:
        return few.reshape(shape)
    whole = np.zeros((where.size, *few.shape[1:]), dtype=few.dtype)
    whole[places_of(where)] = few
    return whole.reshape(shape)


def _cells(values: Array, axes: int = 1) -> Array:
    """Return a view of each cell as one thing, beyond so many axes: (k, 1), or (E, N, 1) of two.

    There is at least one number in each, and one cell.
    """
    rows = values if values.ndim == axes + 1 else values.reshape(*values.shape[:axes], -1)
    if rows.strides[-1] != rows.itemsize and rows.shape[-1] > 1:
        rows = np.ascontiguousarray(rows)
    cells: Array = rows.view(_bytes(rows.shape[-1] * rows.itemsize))
    return cells


def _in_a_row(values: Array) -> Array:
    """Return a view of values (E, N, …) with all cells on one axis: (E * N, …)."""
    if values.ndim == 2:
        return values.reshape(-1)
    flat: Array = values.reshape(values.shape[0] * values.shape[1], *values.shape[2:])
    return flat


@cache
def _bytes(count: int) -> np.dtype[np.void]:
    return np.dtype((np.void, count))
