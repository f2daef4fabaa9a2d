"""Gridworlds given by text maps; ``env``, ``raw_env`` and ``parallel_env`` take the world's id."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pettingzoo import AECEnv, ParallelEnv


def parallel_env(id: str, **kwargs: Any) -> "ParallelEnv[str, Any, Any]":
    """Return one copy of a gridworld, such as "corridor-v0", as a PettingZoo ParallelEnv."""
    import pettingzoo

    return pettingzoo.make("parallel", f"rallypoint/{id}", **kwargs)


def env(id: str, **kwargs: Any) -> "AECEnv[str, Any, Any]":
    """Return one copy of a gridworld as a PettingZoo AECEnv that enforces the order of calls."""
    import pettingzoo

    return pettingzoo.make("aec", f"rallypoint/{id}", **kwargs)


raw_env = env  # nothing is wrapped that a raw one would leave out
