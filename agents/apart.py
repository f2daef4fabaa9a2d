"""Agents of a world put apart, each a group of its own, and policies of such agents for it."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from rallypoint.agents.side_by_side import SideBySide
from rallypoint.batch_env import (
    Actions,
    Array,
    BatchEnv,
    Group,
    Mask,
    Observations,
    Snapshot,
    Step,
    check_actions,
)
from rallypoint.draws import Draws
from rallypoint.policies import Policy, acting_for
from rallypoint.wrapper import BatchWrapper

_OF_ACTIONS = ("proposed", "executed")  # infos by group, of which learners know


class Apart(BatchWrapper):
    """A world in which every agent is a group, under its own name; nothing else is changed."""

    def __init__(self, env: BatchEnv) -> None:
        """Put the agents of a world apart."""
        super().__init__(env)
        self.groups = tuple(
            Group(agent, (agent,), group.observation_space, group.action_space)
            for group in env.groups
            for agent in group.agents
        )
        if env.noop is not None:
            self.noop = {
                agent: env.noop[group.name] for group in env.groups for agent in group.agents
            }

    def reset(self, seed: int | None = None, mask: Mask | None = None) -> Observations:
        """Start new episodes; see ``BatchEnv.reset``."""
        return apart(self.env.groups, self.env.reset(seed, mask))

    def step(self, actions: Actions) -> Step:
        """Advance every copy by one step; see ``BatchEnv.step``."""
        check_actions(self.groups, self.num_copies, actions)  # or they could not be joined
        step = self.env.step(together(self.env.groups, actions))
        infos = dict(step.infos)
        of_agents: dict[str, Any] = {}  # apart: an agent may be called like a group
        for group in self.env.groups:
            told = {about: infos.pop(f"{about}/{group.name}", None) for about in _OF_ACTIONS}
            for place, agent in enumerate(group.agents):
                own = {about: _of(part, place) for about, part in told.items() if part is not None}
                if told["executed"] is told["proposed"] and own:
                    own = dict.fromkeys(_OF_ACTIONS, own["proposed"])  # one thing, as before
                of_agents |= {f"{about}/{agent}": part for about, part in own.items()}
        seen = apart(self.env.groups, step.observations)
        return step._replace(observations=seen, infos=infos | of_agents)

    def action_mask(self) -> dict[str, Mask]:
        """Which discrete actions are allowed now."""
        return apart(self.env.groups, self.env.action_mask())

    def remove(self, mask: Mask) -> Observations:
        """Take agents out of the world; see ``BatchEnv.remove``."""
        return apart(self.env.groups, self.env.remove(mask))

    def restore(self, snapshot: Snapshot) -> Observations:
        """Go on from a snapshot."""
        return apart(self.env.groups, self.env.restore(snapshot))


class Rejoined:
    """Acts for the groups of a world by a policy for agents that are put apart."""

    def __init__(self, policy: Policy, groups: tuple[Group, ...]) -> None:
        """Join what a policy does for the agents of these groups."""
        self.policy = policy
        self.groups = groups
        if hasattr(policy, "begin_episode"):  # only one that remembers is told of starts
            self.begin_episode = policy.begin_episode

    def act(self, observations: Observations, draws: Draws) -> Actions:
        """Choose for every group that sees something."""
        groups = tuple(group for group in self.groups if group.name in observations)
        return together(groups, self.policy.act(apart(groups, observations), draws))

    def of_group(self, name: str) -> SideBySide:
        """Return the networks of the agents of a group, as one."""
        (group,) = (group for group in self.groups if group.name == name)
        return SideBySide(group, [acting_for(self.policy, agent) for agent in group.agents])


def put_apart(env: BatchEnv) -> BatchEnv:
    """Return a world with an agent to a group: itself, if it is one."""
    return Apart(env) if any(len(group.agents) > 1 for group in env.groups) else env


def within(env: BatchEnv) -> BatchEnv:
    """Return the world whose agents were put apart, or a world as it is."""
    return env.env if isinstance(env, Apart) else env


def apart(groups: tuple[Group, ...], by_group: Mapping[str, Array]) -> dict[str, Any]:
    """Split arrays (E, n, …) of groups into those of agents, (E, 1, …)."""
    return {
        agent: _of(by_group[group.name], place)
        for group in groups
        if group.name in by_group
        for place, agent in enumerate(group.agents)
    }


def together(groups: tuple[Group, ...], by_agent: Mapping[str, Array]) -> dict[str, Any]:
    """Join arrays (E, 1, …) of agents to those of groups, (E, n, …)."""
    return {
        group.name: np.concatenate([by_agent[agent] for agent in group.agents], axis=1)
        for group in groups
    }


def _of(part: Array, place: int) -> Array:
    return part[:, place : place + 1]
