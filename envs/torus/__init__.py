"""Gathering on a torus; ``env``, ``raw_env`` and ``parallel_env`` as in PettingZoo."""

from functools import partial

from rallypoint.envs.views import by_id

parallel_env = partial(by_id.parallel_env, "torus-v0")
env = raw_env = partial(by_id.env, "torus-v0")
