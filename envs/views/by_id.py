"""Worlds under their ids, one copy each, as PettingZoo's own folders of tasks offer theirs."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pettingzoo import AECEnv, ParallelEnv


def parallel_env(id: str, **kwargs: Any) -> "ParallelEnv[str, Any, Any]":
    """Return one copy of a world, such as "corridor-v0", as a PettingZoo ParallelEnv."""
    import pettingzoo

    return pettingzoo.make("parallel", f"rallypoint/{id}", **kwargs)


def env(id: str, **kwargs: Any) -> "AECEnv[str, Any, Any]":
    """Return one copy of a world as a PettingZoo AECEnv that enforces the order of calls."""
    import pettingzoo

    return pettingzoo.make("aec", f"rallypoint/{id}", **kwargs)


raw_env = env  # nothing is wrapped that a raw one would leave out
