"""Gridworlds given by text maps; ``env``, ``raw_env`` and ``parallel_env`` take the world's id."""

from rallypoint.envs.views.by_id import env, parallel_env, raw_env

__all__ = ["env", "parallel_env", "raw_env"]
