"""A principal who pays for what an agent does; ``env``, ``parallel_env`` as in PettingZoo."""

from functools import partial

from rallypoint.envs.views import by_id

parallel_env = partial(by_id.parallel_env, "principal-agent-v0")
env = raw_env = partial(by_id.env, "principal-agent-v0")
