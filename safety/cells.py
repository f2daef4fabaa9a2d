"""Arrays (E, N, …) have a cell for each agent of each copy; here some are replaced."""

import math

import numpy as np

from rallypoint.batch_env import Array, Mask


def replaced(values: Array, where: Mask, others: Array) -> Array:
    """Return values (E, N, …) with those of others where a mask (E, N) is true: a new array.

    Its type holds both. A cell is copied as one thing: to choose number by number costs ten times
    as much where a cell is a percept.

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
        whole = whole.astype(kind, copy=False)
        np.copyto(_cells(chosen), _cells(whole), where=where)
    return chosen


def gathered(values: Array, where: Mask) -> Array:
    """Return values[where], in a fraction of the time: (E, N, …) -> (k, …)."""
    flat = values.reshape(where.size, *values.shape[2:])
    return flat if where.all() else flat.take(np.flatnonzero(where), axis=0)


def spread(few: Array, where: Mask) -> Array:
    """Put the numbers of few cells (k, …) where they belong among zeros: (E, N, …).

    >>> spread(np.array([7]), np.array([[False, True]]))
    array([[0, 7]])
    """
    shape = (*where.shape, *few.shape[1:])
    if len(few) == where.size:
        return few.reshape(shape)
    whole = np.zeros((where.size, *few.shape[1:]), dtype=few.dtype)
    whole[np.flatnonzero(where)] = few
    return whole.reshape(shape)


def _cells(values: Array) -> Array:
    """Return a view of each cell as one thing: (E, N)."""
    entries = math.prod(values.shape[2:])
    rows = values.reshape(*values.shape[:2], entries)
    if rows.strides[2] != rows.itemsize and entries > 1:
        rows = np.ascontiguousarray(rows)
    cells: Array = rows.view(np.dtype((np.void, entries * rows.itemsize)))[..., 0]
    return cells
