"""What a threat does to a group, and what is to be done again as long as nothing changes."""

from typing import NamedTuple

import numpy as np

from rallypoint.batch_env import Array, Mask
from rallypoint.safety.cells import Places, moved, put, taken
from rallypoint.safety.enforcement.changes import Changes
from rallypoint.safety.enforcement.occasions import Due
from rallypoint.safety.enforcement.tally import Deed
from rallypoint.safety.known import Rows, Span


class Touch(NamedTuple):
    """What a threat does to a group: its proposal, cut to what is allowed."""

    span: Span
    where: Mask  # (e, n), true somewhere
    places: Places  # of these cells: (k,)
    values: Array | Changes | None  # (k, …) theirs, or what makes them; None at site presence

    def said(self, values: Array, places: Places) -> Array:
        """Return its own values, (k, …), where values (E, n, …) have its cells at some places."""
        assert self.values is not None, "only a threat to presence proposes no values"
        own = self.values
        return own.of(taken(values, places)) if isinstance(own, Changes) else own

    def kept(self) -> "Touch":
        """Return the same with values that nobody else can write to."""
        own = self.values
        return self._replace(values=own.copy()) if isinstance(own, np.ndarray) else self

    def among_all(self, rows: Rows, num_agents: int) -> Places:
        """Return where its cells are on the axes of all copies and agents, (E, N)."""
        some = None if isinstance(rows, slice) else rows
        return moved(self.places, self.where.shape, self.span.columns, num_agents, some)

    def written(self, values: Array, rows: Rows, *, is_own: bool) -> Array:
        """Put what it says in the place of values of its group, (E, n, …).

        Args:
            values: of the group, in all copies.
            rows: the copies that it touches.
            is_own: whether values may be written to; if not, or if they cannot hold what it says
                of all copies, they are copied.
        """
        kind, places = values.dtype, self.places
        if not isinstance(rows, slice):
            width = self.where.shape[1]
            places = moved(places, self.where.shape, slice(0, width), width, rows)
        said = self.said(values, places)
        if isinstance(rows, slice) and said.dtype != kind:
            kind = np.result_type(values, said)
        if not is_own or kind != values.dtype:
            if len(said) == values.shape[0] * values.shape[1]:  # all of it is written over
                values = np.empty(values.shape, dtype=kind)
            else:
                values = np.array(values, dtype=kind, order="C")
        put(values, places, said)
        return values


class Done(NamedTuple):
    """What a threat did; one that goes on with the same does it as long as the same is due."""

    due: Due
    touches: list[Touch]
    deed: Deed
