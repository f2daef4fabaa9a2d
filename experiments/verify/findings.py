"""What verifying finds, one line for each thing that was looked at."""

from typing import Literal, NamedTuple

State = Literal["same", "differs", "not checked"]


class Finding(NamedTuple):
    """One thing that was looked at, and what came of it."""

    what: str
    state: State
    told: str  # the difference, how much was compared, or why nothing was


def judged(what: str, differences: list[str], *, compared: str) -> Finding:
    """Return a finding: what differs, the first of it, or how much was compared."""
    if not differences:
        return Finding(what, "same", compared)
    more = f" (and {len(differences) - 1} more)" if len(differences) > 1 else ""
    return Finding(what, "differs", differences[0] + more)
