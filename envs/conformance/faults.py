"""How a broken promise is told: what, whose, in which row."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rallypoint.errors import NotConformant


@contextmanager
def during(what: str) -> Iterator[None]:
    """Tell whatever the world raises as a fault of it.

    Raises:
        NotConformant: says during what.
    """
    try:
        yield
    except NotConformant:
        raise
    except Exception as error:
        raise NotConformant(f"{what} raises {type(error).__name__}: {error}") from error


def must_raise(kind: type[Exception], what: str, call: Callable[[], Any]) -> None:
    """Make a call that the world has to refuse.

    Raises:
        NotConformant: it does not, or with another error.
    """
    try:
        call()
    except kind:
        return
    except Exception as error:
        raise NotConformant(
            f"{what} must raise {kind.__name__}, and raises {type(error).__name__}: {error}"
        ) from error
    raise NotConformant(f"{what} must raise {kind.__name__}, and is accepted")


def whose(agents: Sequence[str], index: Sequence[int]) -> str:
    """Say whose an entry of an array (E, N, …) is.

    >>> whose(["agent_0", "agent_1"], (3, 1))
    'agent_1 in row 3'
    """
    row, agent, *_ = index
    return f"{agents[agent]} in row {row}"
