"""Every deliberate failure: what must hold, what came, how to go on.

Each type is also a builtin, so that code which knows nothing of rallypoint can catch it.
"""

import difflib
from collections.abc import Iterable


class RallypointError(Exception):
    """Anything rallypoint refuses on purpose."""

    # KeyError would show its text as a repr.
    __str__ = Exception.__str__


class UnknownName(RallypointError, KeyError):
    """A name that nothing is registered under."""


class DuplicateName(RallypointError, ValueError):
    """A name that is taken already."""


class Unavailable(RallypointError, ImportError):
    """A part that is known but whose import failed."""


class InvalidConfig(RallypointError, ValueError):
    """A setting that cannot be meant."""


class InvalidAction(RallypointError, ValueError):
    """An action outside its space, or an array of actions of the wrong shape."""


class NotReset(RallypointError, RuntimeError):
    """A step, or a question, before the first reset."""


class EpisodeEnded(RallypointError, RuntimeError):
    """A step in a copy whose episode is over."""


class NotOffered(RallypointError, RuntimeError):
    """An optional part that this world does not have."""


class NotKnown(RallypointError, PermissionError):
    """A threat looked at something that its declared knowledge does not include."""


class NotConformant(RallypointError, AssertionError):
    """An environment, threat or other part that breaks its contract."""


class InvalidUpdates(RallypointError, ValueError):
    """Updates of the wrong form, or of which more are broken than a rule tolerates."""


class TooManyByzantine(RallypointError, ValueError):
    """More Byzantine contributors than an aggregator tolerates among so many."""


class SearchTooLong(RallypointError, RuntimeError):
    """An exact answer that would take more search than was allowed."""


class Diverged(RallypointError, ArithmeticError):
    """Learning that went off to numbers that are not finite."""


class CannotGoOn(RallypointError, RuntimeError):
    """Rounds that cannot be finished: nobody is left, or nobody can be reached."""


class UnreadableFile(RallypointError, ValueError):
    """A file that is corrupt, or belongs to something else."""


class UnwritablePath(RallypointError, OSError):
    """A place that results cannot be written to."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """End a sentence about an unknown name with the nearest known one, and with all of them.

    >>> did_you_mean("gatherin-v0", ["gathering-v0"])
    "; did you mean 'gathering-v0'? Known: gathering-v0"
    """
    names = sorted(known)
    nearest = difflib.get_close_matches(name, names, n=1)
    hint = f"; did you mean {nearest[0]!r}?" if nearest else "."
    return f"{hint} Known: {', '.join(names) or 'none'}"
