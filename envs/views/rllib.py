"""One copy of a world as an environment of Ray's RLlib.

    from rallypoint.envs.views.rllib import register

    name = register("gathering-v0", num_agents=5)  # in every process that RLlib starts, too
    config = PPOConfig().environment(name)

RLlib has a wrapper for PettingZoo of its own, which any ``ParallelView`` fits in. It keeps agents
in a set, whose order changes from process to process, and ends an episode only when everybody
terminates together or is truncated together; where some do one and some the other, it goes on with
nobody. Here the order is that of the world, and an episode is over when nobody goes on.
"""

from collections.abc import Callable
from typing import Any

import gymnasium
from ray.rllib.env.multi_agent_env import MultiAgentEnv
from ray.tune import register_env

import rallypoint
from rallypoint.batch_env import BatchEnv
from rallypoint.envs.views.parallel import ParallelView

ByAgent = dict[Any, Any]  # RLlib lets agents be anything; here they are names
_ALL = "__all__"


class RllibView(MultiAgentEnv):
    """A world of one copy, as RLlib steps it: dicts by agent, and ``__all__`` in both flags.

    Infos, late arrivals and those who leave are as ``ParallelView`` has them.
    """

    def __init__(self, env: BatchEnv) -> None:
        """Show a world.

        Raises:
            InvalidConfig: it has more than one copy.
        """
        self._view = ParallelView(env)
        names = self._view.possible_agents
        self.possible_agents = list(names)
        self.agents = list(names)
        seen = [(agent, self._view.observation_space(agent)) for agent in names]
        done = [(agent, self._view.action_space(agent)) for agent in names]
        self.observation_spaces, self.action_spaces = dict(seen), dict(done)
        # A Dict sorts mappings, and keeps pairs as they come.
        self.observation_space = gymnasium.spaces.Dict(seen)
        self.action_space = gymnasium.spaces.Dict(done)
        self.render_mode = env.render_mode
        super().__init__()  # type: ignore[no-untyped-call]

    @property
    def batch_env(self) -> BatchEnv:
        """The world itself."""
        return self._view.batch_env

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[ByAgent, ByAgent]:
        """Start the next episode or, with a seed, the first."""
        observations, infos = self._view.reset(seed, options)
        self.agents = list(self._view.agents)
        return observations, dict(infos)

    def step(  # type: ignore[override]  # RLlib itself overrides Gymnasium's by another
        self, action_dict: ByAgent
    ) -> tuple[ByAgent, ByAgent, ByAgent, ByAgent, ByAgent]:
        """Move everybody on.

        Raises:
            NotReset, EpisodeEnded, InvalidAction: as ``ParallelView`` does.
        """
        observations, rewards, terminated, truncated, infos = self._view.step(action_dict)
        self.agents = list(self._view.agents)
        is_over = not self.agents
        # Cut short if anybody was: RLlib then takes what is seen last for a state with a value. Of
        # each agent its own flag decides.
        cut = is_over and any(truncated.values())
        terminated[_ALL], truncated[_ALL] = is_over and not cut, cut
        return observations, rewards, terminated, truncated, dict(infos)

    def render(self) -> Any:
        """Draw in the render mode given at construction."""
        return self._view.render()

    def close(self) -> None:
        """Release what the world holds."""
        self._view.close()


def register(
    id: str,
    *,
    name: str | None = None,
    around: Callable[[BatchEnv], BatchEnv] | None = None,
    **settings: Any,
) -> str:
    """Tell RLlib of an environment; return the name that it then knows.

    Every worker plays copies of its own: copy v of worker w is number 1000 w + v. What stands in
    RLlib's ``env_config`` is set besides, and first.

    Args:
        id: the versioned name, ``"gathering-v0"``.
        name: what RLlib is to know it by, ``"rallypoint/ID"`` if not given. It knows one
            environment by a name, the last: what is registered once more, with threats or other
            settings, needs another.
        around: what each world is put into, such as threats: ``partial(Threatened, threats=…)``.
        **settings: the environment's own.

    Raises:
        UnknownName, Unavailable: no such id; names the nearest, or says why it cannot be used.
    """
    rallypoint.spec(id).load()  # refused here, and not in a worker
    known_as = f"rallypoint/{id}" if name is None else name

    def made(config: Any) -> RllibView:
        worker = getattr(config, "worker_index", 0) or 0
        vector = getattr(config, "vector_index", 0) or 0
        world = rallypoint.make(id, copies=[1000 * worker + vector], **{**settings, **config})
        return RllibView(world if around is None else around(world))

    register_env(known_as, made)
    return known_as
