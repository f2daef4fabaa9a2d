"""What a machine does not allow, or has no more of: told in a line, as it is no error of ours."""

import errno
import os
import sys

from rallypoint.experiments.telling import silence
from rallypoint.manifest import BLAS_THREADS

_ITS_ERRORS = {
    *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ENAMETOOLONG, errno.ELOOP, errno.EIO),
    *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EMFILE, errno.ENFILE, errno.ENOMEM),
}


# How NumPy says of an array that it fits into no memory that there is.
_BEYOND_MEMORY = ("Maximum allowed", "array is too big", "maximum supported dimension")


def what_it_refused(error: Exception) -> str:
    """Return in words what the machine refused; raise the error again if it is none of that."""
    if isinstance(error, MemoryError) or str(error).startswith(_BEYOND_MEMORY):
        why = str(error) or "none is left"
        return f"there is too little memory: {why}; ask for fewer copies, workers or agents"
    if isinstance(error, OverflowError):
        return f"a number is too large: {error}; look for a zero too many"
    if not isinstance(error, OSError):
        raise error
    if error.filename is not None and error.errno in _ITS_ERRORS:
        return f"the machine allows no more: {error.strerror}: {error.filename}"
    if error.filename is None and error.errno == errno.ENOSPC:
        silence()  # it is standard output that is full: what else is written has a name
        return f"cannot write to standard output: {error.strerror}"
    raise error


def compute_in_one_thread() -> None:
    """Have products of matrices come to the same bits on machines with more cores or fewer.

    Among more threads they are summed in another order. Whoever says how many, by a variable of the
    libraries, has as many; processes that are started from here are told the same.
    """
    if any(name in os.environ for name in BLAS_THREADS):
        return
    from threadpoolctl import threadpool_limits

    os.environ.update(dict.fromkeys(BLAS_THREADS, "1"))  # read by libraries that are loaded later
    threadpool_limits(1)


def open_what_is_closed() -> None:
    """Have whatever was closed lead nowhere: who started us wants no words, and files no 1 or 2."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8"))
