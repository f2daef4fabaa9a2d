"""NumPy's and Python's own generators are everybody's: a world leaves them alone."""

import random  # noqa: TID251  # watched, never drawn from
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from numpy import random as numpy_random

from rallypoint.errors import NotConformant


@contextmanager
def left_alone() -> Iterator[None]:
    """Watch the global generators.

    Raises:
        NotConformant: one was drawn from or seeded.
    """
    found = random.getstate(), numpy_random.get_state()  # noqa: NPY002
    # In a state of nobody's choosing: whoever seeds them cannot come to the one they are in.
    random.seed()
    numpy_random.seed()  # noqa: NPY002
    before = _states()
    try:
        yield
        _compare(before)
    finally:
        random.setstate(found[0])
        numpy_random.set_state(found[1])  # noqa: NPY002


def _compare(before: dict[str, Any]) -> None:
    for owner, state in _states().items():
        if state != before[owner]:
            raise NotConformant(
                f"it draws from or seeds {owner}'s global generator, which others use, too; "
                "draw from self._draws, or from a stream keyed by seed and copy"
            )


def _states() -> dict[str, Any]:
    numpy_state: Any = numpy_random.get_state(legacy=False)  # noqa: NPY002  # only looked at
    words = numpy_state["state"].pop("key").tobytes()
    return {"NumPy": (words, numpy_state), "Python": random.getstate()}
