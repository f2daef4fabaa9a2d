"""What a threat says of some cells: values, or what a function makes of what is there."""

from typing import NamedTuple

import numpy as np

from rallypoint.batch_env import Array, Mask
from rallypoint.errors import NotConformant
from rallypoint.safety.cells import Places, among, number_of, taken
from rallypoint.safety.enforcement.proposals import ForbidsWriting, Form, check_values, what_came
from rallypoint.safety.known import REPLACED, Known
from rallypoint.safety.threats import Change, Proposal


class Changes(NamedTuple):
    """A function that a threat proposes, held to what values of its site must be."""

    label: str  # how messages name the threat
    form: Form
    where: Mask  # (e, n) its cells, to say whose value is none
    change: Change

    def of(self, now: Array) -> Array:
        """Return what becomes of what is there, (k, …), which is shut against writing.

        Raises:
            NotConformant: the function writes to it, or what comes is none for each of them.
        """
        now.flags.writeable = False
        with ForbidsWriting(self.label):
            said = self.change(now)
        form = self.form
        if not form.takes(said) or said.shape != now.shape:
            raise NotConformant(
                f"{self.label} must make an array {now.shape} of {form.dtype} of what is there, "
                f"not {what_came(said)}"
            )
        check_values(self.label, form, said, self.where)
        return said


def kept(proposal: Proposal) -> Proposal:
    """Return the same with values and odds that nobody else can write to."""
    values, odds = proposal.values, proposal.odds
    return proposal._replace(
        values=values.copy() if isinstance(values, np.ndarray) else values,
        odds=None if odds is None else odds.copy(),
    )


def proposed(
    label: str, proposal: Proposal, form: Form, where: Mask, places: Places, *, known: Known
) -> Array:
    """Return what is proposed now for some of its cells, in whichever way it came: (k, …).

    Args:
        label: how messages name the threat.
        proposal: the proposal, which was checked; not of a threat to presence.
        form: what its values are.
        where: cells (e, n), no others than those of the proposal.
        places: theirs.
        known: what the threat was shown: what is there now, where values are a function.

    Raises:
        NotConformant: a function that does not make of it what it should.
    """
    values = proposal.values
    assert values is not None, "only a threat to presence proposes no values"
    if callable(values):
        now = among(known.few(REPLACED[form.site]), known.opportunities, where)
        return Changes(label, form, where, values).of(now)
    if values.ndim > 1 + len(form.entry):
        return taken(values, places)
    is_all = len(values) == number_of(places)
    return values if is_all else among(values, proposal.where, where)
