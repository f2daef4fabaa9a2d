"""What a threat to updates gets to see in a round."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rallypoint.safety.known import Declared, sealed
from rallypoint.safety.threats.update import Combine, Updates, UpdateThreat

SUPPLIED = frozenset({"own_update", "colluders", "honest_updates", "aggregator"})
Rows = NDArray[np.intp]


class Places(NamedTuple):
    """Which rows of a round's updates are whose; together they are all n."""

    own: Rows  # (f_real,) of the threat's victims
    colluders: Rows  # of other Byzantine contributors
    honest: Rows  # (m,)


class KnownUpdates(Declared):
    """What a threat knows in one round about f_real contributors' updates.

    Always there: ``contributors`` (f_real,), their indices; ``opportunities`` (f_real,), who of
    them may lie now; ``n``, how many updates there are; ``shape``, (f_real, d), and ``dtype`` of
    what they send; ``round_number``; ``parts``, how many messages a row consists of. Besides, what
    it declared: ``own`` (f_real, d) what these contributors would have sent; ``colluders`` (c, d)
    likewise for other Byzantine ones, as the threats before left them; ``honest`` (m, d), and
    ``honest_contributors`` (m,), without those that are not finite, whom no rule believes, and
    which are its own where no other honest one takes part; ``aggregator``, the rule as a function
    (n, d) -> (d,). Anything else raises ``NotKnown``. Contributors are in the order of their
    indices, whatever the order of rows. All arrays are read-only.
    """

    def __init__(
        self,
        threat: UpdateThreat,
        updates: Updates,
        places: Places,
        *,
        opportunities: NDArray[np.bool_],
        members: NDArray[np.int64],
        round_number: int,
        aggregator: Combine | None,
        parts: int = 1,
    ) -> None:
        """Show a threat what it declared.

        Args:
            threat: the threat.
            updates: (n, d), as the threats before left them.
            places: whose rows they are.
            opportunities: (f_real,) who of its victims may lie now.
            members: (n,) the contributor that each row is of.
            round_number: of this round.
            aggregator: the rule; must be there if the threat declares it.
            parts: how many messages of one length a row consists of, one for each recipient.
        """
        views: Mapping[str, Callable[[], Any]] = {
            "own_update": lambda: updates[places.own],
            "colluders": lambda: updates[places.colluders],
            "honest_updates": lambda: updates[self._told],
            "aggregator": lambda: aggregator,
        }
        super().__init__(threat, lambda view: views[view]())
        self.opportunities = sealed(opportunities)
        self.contributors = sealed(members[places.own])
        self.n = len(updates)
        self.shape = (len(places.own), updates.shape[1])
        self.dtype = updates.dtype
        self.round_number = round_number
        self.parts = parts
        self._places = places
        self._updates, self._members = updates, members

    @property
    def own(self) -> Updates:
        """What these contributors would have sent: (f_real, d)."""
        own: Updates = self.own_update
        return own

    @property
    def honest(self) -> Updates:
        """What the honest send: (m, d)."""
        honest: Updates = self.honest_updates
        return honest

    @property
    def honest_contributors(self) -> NDArray[np.int64]:
        """Who the honest are: (m,)."""
        _ = self.honest  # known to whoever knows their updates
        return sealed(self._members[self._told])

    @cached_property
    def _told(self) -> Rows:
        """Whose rows are told of the honest."""
        honest = self._places.honest
        sound = honest[np.isfinite(self._updates[honest]).all(axis=1)]
        # Where there is none, what the liars found is all there is.
        return sound if len(sound) else self._places.own

    @property
    def witnessed(self) -> Updates:
        """Updates found honestly, as far as it knows: the honest ones, or else its own."""
        return self.honest if "honest_updates" in self._threat.knowledge else self.own

    def answer_to(self, lie: NDArray[Any]) -> NDArray[np.float64]:
        """Return what the aggregator would answer if all of them sent a lie (d,): (d,).

        Needs knowledge of the aggregator and of the honest. Colluders that it does not know it
        takes to send the honest mean.
        """
        honest = self.honest
        updates = self._updates.copy()  # of the honest, also what is not finite
        is_told = "colluders" in self._threat.knowledge
        updates[self._places.colluders] = self.colluders if is_told else honest.mean(axis=0)
        updates[self._places.own] = lie
        aggregator: Combine = self.aggregator
        return np.asarray(aggregator(updates), dtype=np.float64)
