"""Variables that set Ray up: one that it cannot read ends the process in which it is imported."""

import os
import re
import subprocess
import sys
import warnings
from functools import lru_cache

from rallypoint.errors import InvalidConfig

_ITS_SETTINGS = re.compile(r"RAY_[a-z0-9_]+")  # those of its core, which are parsed on import
_SECONDS = 60


def check_variables() -> None:
    """Refuse variables of Ray's core with values that Ray cannot read.

    Which settings it has, and of what type, only Ray knows; and where one is no number it crashes
    when it is imported. So it is imported elsewhere first, where any of them is set at all.

    Raises:
        InvalidConfig: names the variable.
    """
    for name in sorted(filter(_ITS_SETTINGS.fullmatch, os.environ)):
        if not _is_read(name, os.environ[name]):
            raise InvalidConfig(
                f"Ray cannot read {os.environ[name][:100]!r}, the variable {name}: it is to be a "
                f"number, or true or false; set it to one, or `unset {name}`"
            )


@lru_cache
def _is_read(name: str, value: str) -> bool:
    """Tell whether a process in which this alone is set can import Ray, or have it missing.

    One that does not get there in time has not crashed: where disks are slow, nothing is wrong.
    """
    others = {key: text for key, text in os.environ.items() if not _ITS_SETTINGS.fullmatch(key)}
    try:
        done = subprocess.run(
            [sys.executable, "-c", "import ray"],
            env={**others, name: value},
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        warnings.warn(
            f"Ray was not imported within {_SECONDS} seconds when it was tried with {name} set, "
            f"so that nobody knows whether it can read {value[:100]!r}; it is imported all the "
            f"same. If nothing follows, `unset {name}`",
            RuntimeWarning,
            stacklevel=3,
        )
        return True
    return done.returncode >= 0  # else a signal ended it
