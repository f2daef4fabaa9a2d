"""A platform recommends items to users, who click; ``env``, ``parallel_env`` as in PettingZoo."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pettingzoo import AECEnv, ParallelEnv


def parallel_env(**kwargs: Any) -> "ParallelEnv[str, Any, Any]":
    """Return one copy as a PettingZoo ParallelEnv."""
    import pettingzoo

    return pettingzoo.make("parallel", "rallypoint/recommender-v0", **kwargs)


def env(**kwargs: Any) -> "AECEnv[str, Any, Any]":
    """Return one copy as a PettingZoo AECEnv that enforces the order of calls."""
    import pettingzoo

    return pettingzoo.make("aec", "rallypoint/recommender-v0", **kwargs)


raw_env = env  # nothing is wrapped that a raw one would leave out
