"""A platform recommends items to users, who click; ``env``, ``parallel_env`` as in PettingZoo."""

from functools import partial

from rallypoint.envs.views import by_id

parallel_env = partial(by_id.parallel_env, "recommender-v0")
env = raw_env = partial(by_id.env, "recommender-v0")
