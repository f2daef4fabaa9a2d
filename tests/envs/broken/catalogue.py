"""Broken worlds, and what must be said of each."""

from collections.abc import Callable

from rallypoint.batch_env import BatchEnv

Broken = type[BatchEnv]

FAULTS: dict[Broken, str] = {}


def says(sentence: str) -> Callable[[Broken], Broken]:
    """Note what must be said of a broken world, as a regular expression."""

    def note(broken: Broken) -> Broken:
        FAULTS[broken] = sentence
        return broken

    return note
