"""Where a run stood when somebody's part raised an error, noted on the error itself."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def noting(where: Callable[[], str]) -> Iterator[None]:
    """Add a note to whatever is raised in here, which otherwise passes through as it is.

    Args:
        where: says it, such as "after 300 steps"; asked when it is needed.

    >>> try:
    ...     with noting(lambda: "after 3 steps"):
    ...         raise KeyError("a")
    ... except KeyError as error:
    ...     error.__notes__
    ['after 3 steps']
    """
    try:
        yield
    except Exception as error:
        error.add_note(where())
        raise
