"""What verifying finds, one line for each thing that was looked at."""

from typing import Literal, NamedTuple

from rallypoint.errors import RallypointError

State = Literal["same", "differs", "not checked"]


class Finding(NamedTuple):
    """One thing that was looked at, and what came of it."""

    what: str
    state: State
    told: str  # the difference, how much was compared, or why nothing was


def not_installed(what: str, error: RallypointError) -> Finding:
    """Return the finding that a part is missing here, without the dozens that are not."""
    reason = str(error).partition(" Known: ")[0].rstrip(".")
    return Finding(what, "not checked", f"not everything is installed here: {reason}")


def judged(what: str, differences: list[str], *, compared: str) -> Finding:
    """Return a finding: what differs, the first of it, or how much was compared."""
    if not differences:
        return Finding(what, "same", compared)
    more = f" (and {len(differences) - 1} more)" if len(differences) > 1 else ""
    return Finding(what, "differs", differences[0] + more)
