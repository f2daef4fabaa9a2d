"""Finding paths past one another; ``env``, ``raw_env`` and ``parallel_env`` as in PettingZoo."""

from functools import partial

from rallypoint.envs.views import by_id

parallel_env = partial(by_id.parallel_env, "pathfinding-v0")
env = raw_env = partial(by_id.env, "pathfinding-v0")
