"""The floors: one read of the updates, one Gram matrix, and NumPy's sort."""

from typing import Any

from suites.rules import Call, Library


def _read(updates: Any, f: int) -> Call:
    del f
    return lambda: updates.sum(0)


def _gram(updates: Any, f: int) -> Call:
    del f
    return lambda: updates @ updates.T


def _sort(updates: Any, f: int) -> Call:
    del f
    import numpy as np

    return lambda: np.sort(updates, axis=0)


LIBRARY = Library(
    name="floor", rules={"R": _read, "G": _gram, "np.sort": _sort}, packages=("numpy",)
)
SUITE = LIBRARY.suite
