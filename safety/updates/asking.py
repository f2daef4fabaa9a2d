"""Asking a threat to updates what it sends, and refusing an answer of the wrong form."""

from typing import Any

import numpy as np

from rallypoint.errors import NotConformant
from rallypoint.safety.enforcement.proposals import check_answer, check_state
from rallypoint.safety.known import sealed
from rallypoint.safety.threats import State
from rallypoint.safety.threats.update import Answer, Generators, Updates, UpdateThreat
from rallypoint.safety.updates.known import KnownUpdates


def ask(
    threat: UpdateThreat,
    label: str,
    state: State,
    known: KnownUpdates,
    rngs: Generators,
    *,
    found: Updates,
) -> Answer:
    """Return what a threat sends in a round, in the type of updates, and what it remembers.

    Args:
        threat: the threat.
        label: how to name it.
        state: what its victims of this round remember.
        known: what it knows.
        rngs: its generators.
        found: (n, d), all updates of the round; where these are not finite, lies need not be.

    Raises:
        NotConformant: it writes to what it is given, or answers with what is no answer; says what
            must hold.
    """
    before = {name: sealed(array) for name, array in state.items()}
    try:
        with np.errstate(over="ignore", invalid="ignore"):  # judged below
            answer: Any = threat.apply(before, known, rngs)
    except ValueError as error:
        if "read-only" in str(error):
            raise NotConformant(
                f"{label} must not write to what it is given, and tried: {error}"
            ) from error
        raise
    lies, after = check_answer(label, answer)
    if (
        not isinstance(lies, np.ndarray)
        or lies.shape != known.shape
        or not np.issubdtype(lies.dtype, np.floating)
    ):
        what = f"an array {lies.shape} of {lies.dtype}" if isinstance(lies, np.ndarray) else lies
        raise NotConformant(
            f"{label} must send a floating array {known.shape}, one row for each contributor, "
            f"not {what!r}"
        )
    with np.errstate(over="ignore"):  # what does not fit the updates' type becomes infinite
        told = lies.astype(known.dtype)
    is_finite = np.isfinite(told[known.opportunities]).all()
    if threat.is_finite and not is_finite and np.isfinite(found).all():
        sent = lies[known.opportunities]
        if np.isfinite(sent).all():
            raise NotConformant(
                f"{label} must send finite numbers that {known.dtype} holds, and would send "
                f"{np.abs(sent).max():.0e} where {np.finfo(known.dtype).max:.0e} is the largest: "
                "what it is set to, such as a scale, must be smaller"
            )
        raise NotConformant(
            f"{label} must send finite numbers that {known.dtype} holds, or say that they are not: "
            "is_finite = False"
        )
    check_state(label, state, after)
    return told, after
