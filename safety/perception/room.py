"""How far lies about what one group sees may go at one moment."""

from typing import Any

from rallypoint.batch_env import Array, Mask
from rallypoint.draws import Floats
from rallypoint.safety.of_rows import of_rows
from rallypoint.safety.perception.ledger import Ledger, Measure


class Room:
    """What a threat gets to know of its ledger, for one group of n agents in e copies."""

    def __init__(self, ledger: Ledger, measure: Measure, rows: Any, columns: slice) -> None:
        """Look into a ledger, at these rows and columns."""
        self.measure = measure
        self._ledger = ledger
        self._rows = rows
        self._columns = columns

    def asked(self, policy: Any) -> Any:
        """Return what can be asked about these copies, of a policy, a critic or a judge."""
        return of_rows(policy, self._rows)

    def rooms(self, where: Mask, at_most: int | None = None) -> Floats:
        """Return how large each lie may be if these, or so many, are told at once: (e, n)."""
        return self._ledger.rooms(self._rows, self._columns, where, at_most)

    def confined(self, lies: Array, truths: Array, where: Mask) -> Array:
        """Bring lies (e, n, …) within what is left if these are told; what others see is true."""
        return self.measure.confined(lies, truths, self.rooms(where))
