"""What somebody's own part raised in the middle of a run, in a line; the rest is kept for who asks.

A part is code of another package: an environment, a threat, a rule, a learner. What our own code
raises, where it calls nobody else's, is an error of ours, and shown whole.
"""

import os
import sys
import traceback
from types import FrameType

WHOLE = "RALLYPOINT_TRACEBACK"  # a variable; "1" shows where an error comes from
# What our code calls itself, and whose errors are ours.
_LIBRARIES = {
    *("PIL", "av", "click", "cycler", "jinja2", "matplotlib", "msgspec", "numba", "numpy"),
    *("pygame", "ray", "rich", "safetensors", "sb3_contrib", "scipy", "stable_baselines3"),
    *("tensorboard", "threadpoolctl", "torch", "tqdm"),
}


def as_raised(error: BaseException) -> str | None:
    """Return what a part raised, which one and where the run stood; None: it was no part.

    Nor is it said where the whole traceback is asked for by the variable, or where memory is short,
    which no part can help.
    """
    frame = None if isinstance(error, MemoryError) else _part_of(error)
    if frame is None or os.environ.get(WHOLE, "0") not in ("", "0"):
        return None
    code, owner = frame.f_code, frame.f_locals.get("self")
    name = code.co_name if owner is None else f"{type(owner).__name__}.{code.co_name}"
    [what] = traceback.format_exception_only(type(error), error)[:1]
    stood = "".join(f", {note}" for note in getattr(error, "__notes__", ()))
    return (
        f"{name} ({code.co_filename}:{frame.f_lineno}), which is not rallypoint's, raised "
        f"{what.strip()}{stood}; {WHOLE}=1 shows the whole traceback"
    )


def _part_of(error: BaseException) -> FrameType | None:
    """Return the innermost call in code that is neither ours nor of a library that we call."""
    found, is_inside = None, False
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if _package(frame) == "rallypoint":
            is_inside = True
        elif is_inside and _package(frame) not in _LIBRARIES | sys.stdlib_module_names:
            found = frame
    return found


def _package(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]
