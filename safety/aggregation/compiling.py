"""When decisions are left to compiled loops: see ``rallypoint.acceleration``."""

from typing import Any

from rallypoint.acceleration import compiled_module

MOST = 64  # points; with more, NumPy's calls are no longer what takes long
# Calls from which on loading is won back, where each is 30 µs sooner, and where it is 7.
_SOON, _LATE = 15_000, 70_000


class Compiled:
    """A module of compiled loops, loaded once so many calls were made in this process.

    Its answers are NumPy's to the bit, or they would depend on how many calls came before.
    """

    def __init__(self, name: str, *, pays: int | None) -> None:
        """Name a module, and from which call on it pays; None: only where it is asked for."""
        self._pays = pays
        self._name = f"rallypoint.safety.aggregation.{name}"
        self._asked = 0
        self._module: Any | None = None

    def loops(self, n: int) -> Any | None:
        """Return the module if it is to work on n points, else None."""
        if n > MOST:
            return None
        asked = self._asked + 1
        if asked in (1, self._pays):  # to read the environment takes as long as adding rows
            self._module = compiled_module(self._name, pays=asked == self._pays)
        self._asked = asked  # only now: what is refused once is refused again
        return self._module


DISTANCES = Compiled("compiled_distances", pays=_LATE)
PRODUCTS = Compiled("compiled_products", pays=None)  # as their last digits are their own
SEARCH = Compiled("compiled_search", pays=_SOON)
SOLVERS = Compiled("compiled_solvers", pays=_SOON)
