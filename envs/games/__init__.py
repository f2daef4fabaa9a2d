"""Small games given by tables; ``env``, ``raw_env`` and ``parallel_env`` take the game's id."""

from rallypoint.envs.views.by_id import env, parallel_env, raw_env

__all__ = ["env", "parallel_env", "raw_env"]
