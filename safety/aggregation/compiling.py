"""When decisions are left to compiled loops: see ``rallypoint.acceleration``."""

from typing import Any

from rallypoint.acceleration import compiled_module

MOST = 64  # points; with more, NumPy's calls are no longer what takes long
_PAYS = (
    15_000  # decisions, of which each is 30 µs or more sooner, from which on loading is won back
)


class Compiled:
    """A module of compiled loops, loaded once so many decisions were asked for in this process.

    Decisions are the same to the bit either way, or they would depend on how many came before.
    """

    def __init__(self, name: str, *, asked_for: bool = False) -> None:
        """Name a module; one that must be asked for never comes in on its own."""
        self._pays = 0 if asked_for else _PAYS
        self._name = f"rallypoint.safety.aggregation.{name}"
        self._asked = 0
        self._module: Any | None = None

    def loops(self, n: int) -> Any | None:
        """Return the module if it is to decide on n points, else None."""
        if n > MOST:
            return None
        self._asked += 1
        if self._asked in (1, self._pays):  # to read the environment takes as long as adding rows
            self._module = compiled_module(self._name, pays=self._asked == self._pays)
        return self._module


SOLVERS = Compiled("compiled_solvers")
PRODUCTS = Compiled("compiled_products", asked_for=True)  # whose last digits differ
SEARCH = Compiled("compiled_search")
