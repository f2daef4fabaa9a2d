"""One copy of a world as a PettingZoo ParallelEnv."""

import copy
from collections.abc import Iterable, Mapping
from itertools import compress
from typing import Any

import numpy as np
from pettingzoo import ParallelEnv

from rallypoint.batch_env import Array, BatchEnv, Mask, Observations, Step
from rallypoint.envs.views.actions import filler, one_copy, refuse_action, refuse_agents
from rallypoint.envs.views.whole_episodes import refuse_autoreset
from rallypoint.errors import EpisodeEnded, InvalidAction, InvalidConfig, NotReset

ByAgent = dict[str, Any]
Infos = dict[str, dict[str, Any]]

_OWN = ("interrupted", "crashed")  # infos (1, N) that an agent may know of itself


class ParallelView(ParallelEnv[str, Any, Any]):
    """A world of one copy, spoken to in dicts by agent.

    ``possible_agents`` is everybody, fixed and in the order of the agent axis; ``agents`` is who
    goes on. Whoever acted gets observation, reward, both flags and info in that step, and so does
    whoever arrives, with reward 0. An agent that is gone after a step and was not truncated, such
    as one that was removed, is reported as terminated.

    An agent's info holds what is its own to know: ``action_mask`` where the world offers one and,
    under threats, whether it was ``interrupted`` and is ``crashed``. All other infos, such as true
    observations and who is Byzantine, would let a learner cheat; ``batch_infos`` has them as the
    world told them with the last step, arrays (1, …). The options of ``reset`` are not used. The
    world itself is ``batch_env``.
    """

    def __init__(self, env: BatchEnv) -> None:
        """Show a world.

        Raises:
            InvalidConfig: it has more than one copy.
        """
        if env.num_copies != 1:
            raise InvalidConfig(
                f"a PettingZoo environment is one copy, and this {env.id} has {env.num_copies}; "
                "make it with copies=1, or copies=[id] for a certain one"
            )
        self.batch_env = env
        self.possible_agents = list(env.agents)
        self.agents: list[str] = []
        name = env.id.replace("-", "_")  # as PettingZoo's own are called
        self.metadata = {"name": name, **env.metadata, "is_parallelizable": True}
        self.render_mode = env.render_mode
        self._observation_space_by_agent = {
            agent: group.observation_space for group in env.groups for agent in group.agents
        }
        # A view's own: whoever seeds them and samples does not disturb another view of the world's
        # kind. One a group, so that those who arrive late sample from what was seeded, too.
        self._action_space_by_agent = {
            agent: space
            for group in env.groups
            for space in [copy.deepcopy(group.action_space)]
            for agent in group.agents
        }
        self._fillers = {group.name: filler(group, env.noop) for group in env.groups}
        self._offers_mask = "action_mask" in env.offers
        self._was_reset = False
        self.batch_infos: dict[str, Array] = {}
        self._begin(np.zeros(len(self.possible_agents), dtype=bool))

    def observation_space(self, agent: str) -> Any:
        """Return the space of what an agent sees, the same object each time."""
        return self._observation_space_by_agent[agent]

    def action_space(self, agent: str) -> Any:
        """Return the space of what an agent can do, the same object each time."""
        return self._action_space_by_agent[agent]

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[ByAgent, Infos]:
        """Start the next episode or, with a seed, the first."""
        del options  # in the signature because PettingZoo's callers pass it
        observations = self.batch_env.reset(seed)
        self._was_reset = True
        self.batch_infos = {}
        self._begin(self.batch_env.alive[0])
        return self._those(self._lives, _rows(observations)), self._infos(self._lives, {})

    def step(
        self, actions: Mapping[str, Any]
    ) -> tuple[ByAgent, dict[str, float], dict[str, bool], dict[str, bool], Infos]:
        """Move everybody on.

        Raises:
            NotReset: before the first reset.
            EpisodeEnded: nobody goes on.
            InvalidAction: a living agent's action is missing or outside its space, or there is an
                action for somebody else.
            InvalidConfig: the world starts anew by itself.
        """
        step = self._advance(actions)
        refuse_autoreset(self.batch_env, step)
        self.batch_infos = step.infos
        shown, terminated, truncated = self._account(step)
        return (
            self._those(shown, _rows(step.observations)),
            self._those(shown, step.rewards[0].tolist()),
            self._those(shown, terminated),
            self._those(shown, truncated),
            self._infos(shown, step.infos),
        )

    def render(self) -> Any:
        """Draw in the render mode given at construction."""
        return self.batch_env.render(0)

    def state(self) -> Array:
        """Return everything that is true.

        Raises:
            NotOffered: the world does not tell.
        """
        state: Array = self.batch_env.state()[0]
        return state

    def close(self) -> None:
        """Release what the world holds."""
        self.batch_env.close()

    def _begin(self, alive: Mask) -> None:
        self._left: Mask = np.zeros_like(alive)  # (N,) whose part is over until the next reset
        self._live(alive.tolist())

    def _live(self, lives: list[bool]) -> None:
        self._lives = lives  # (N,)
        self.agents = list(compress(self.possible_agents, lives))
        self._living = set(self.agents)

    def _advance(self, actions: Mapping[str, Any]) -> Step:
        env = self.batch_env
        if not self.agents:
            if not self._was_reset:
                raise NotReset(f"{env.id} must be reset before its first step")
            raise EpisodeEnded(f"nobody in {env.id} goes on; reset() starts the next episode")
        if not isinstance(actions, Mapping) or actions.keys() != self._living:
            refuse_agents(self.agents, self.possible_agents, actions)
        try:
            arrays = one_copy(env.groups, self._fillers, actions)
        except ValueError:  # not of one shape
            refuse_action(env.groups, actions)
            raise
        try:
            return env.step(arrays)
        except InvalidAction:
            refuse_action(env.groups, actions)
            raise

    def _account(self, step: Step) -> tuple[list[bool], list[bool], list[bool]]:
        """Book who goes on; return who is shown, and both flags: each (N,)."""
        over = step.terminated[0] | step.truncated[0]
        lives = (step.alive[0] & ~over & ~self._left).tolist()
        if lives == self._lives:  # nobody came or went, as nearly always
            nobody = [False] * len(lives)
            return lives, nobody, nobody
        acted = np.array(self._lives)
        truncated = acted & step.truncated[0]
        gone = acted & ~np.array(lives)
        terminated = (acted & step.terminated[0]) | (gone & ~truncated)
        self._left = self._left | over | gone
        self._live(lives)
        return (acted | lives).tolist(), terminated.tolist(), truncated.tolist()

    def _those(self, shown: list[bool], values: Iterable[Any]) -> ByAgent:
        return dict(compress(zip(self.possible_agents, values, strict=True), shown))

    def _infos(self, shown: list[bool], extra: Mapping[str, Array]) -> Infos:
        infos: Infos = {agent: {} for agent in compress(self.possible_agents, shown)}
        if self._offers_mask:
            for agent, mask in self._masks():
                if agent in infos:
                    infos[agent]["action_mask"] = mask
        for name in _OWN:
            values = extra.get(name)
            if values is not None and values.shape == (1, len(shown)):
                for agent, value in self._those(shown, values[0]).items():
                    infos[agent][name] = value
        return infos

    def _masks(self) -> Iterable[tuple[str, Array]]:
        agents_by_group = {group.name: group.agents for group in self.batch_env.groups}
        for name, mask in self.batch_env.action_mask().items():
            # int8 is what the sample() of Gymnasium's spaces asks for.
            yield from zip(agents_by_group[name], mask[0].astype(np.int8), strict=True)


def _rows(observations: Observations) -> Iterable[Any]:
    for group in observations.values():
        yield from group[0]
