"""Arrays have one owner: what was returned is the caller's, and so is what was given."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from rallypoint.batch_env import Array
from rallypoint.errors import NotConformant

_REMEMBERED = 200  # arrays; buffers that are used in turn come round again long before


class Witness:
    """Remembers arrays, and what was in them."""

    def __init__(self) -> None:
        """Remember nothing yet."""
        self._seen: deque[tuple[str, Array, Array]] = deque(maxlen=_REMEMBERED)

    def remember(self, arrays: dict[str, Array], when: str) -> None:
        """Keep arrays that were returned, and copies of them."""
        self._seen.extend(
            (f"{name} of {when}", array, array.copy()) for name, array in arrays.items()
        )

    def check(self, now: str) -> None:
        """Look whether all is as it was.

        Raises:
            NotConformant: an array was written to since.
        """
        for what, array, before in self._seen:
            if array.tobytes() != before.tobytes():
                raise NotConformant(f"{what} is written to by {now}; return a new array each time")


@contextmanager
def unchanged(given: dict[str, Array], now: str, *, read_only: bool) -> Iterator[None]:
    """Give a world arrays, as ones that must not or cannot be written to.

    Raises:
        NotConformant: one was.
    """
    before = {name: array.copy() for name, array in given.items()}
    for array in given.values():
        array.setflags(write=not read_only)
    yield
    for name, array in given.items():
        if array.tobytes() != before[name].tobytes():
            raise NotConformant(f"{now} writes to what it is given, {name!r}; work on a copy")
