"""The matching game: one state, and whoever does as the others do is paid.

Two agents with two actions each are the game in which independent learners fail dynamic safe
interruptibility: with one partner's action overridden, the mean reward of the other's actions
depends on how often. El Mhamdi, Guerraoui, Hendrikx & Maurer (2017), "Dynamic Safe
Interruptibility for Decentralized Multi-Agent Reinforcement Learning", arXiv:1704.02882.
"""

from typing import Unpack

from rallypoint.envs.checks import check_size
from rallypoint.envs.games.game import Game
from rallypoint.envs.games.noise import gaussian
from rallypoint.envs.games.world import Settings, TabularGame
from rallypoint.transitions import joint_actions


def game(*, num_agents: int = 2, num_actions: int = 2, noise: float = 0.0) -> Game:
    """Return the game: an agent's mean reward is the share of its partners that did as it did.

    Args:
        num_agents: N >= 2.
        num_actions: of each agent, >= 2.
        noise: standard deviation of what is added to each reward.
    """
    check_size("num_agents", num_agents, 2)
    check_size("num_actions", num_actions, 2)
    counts = (num_actions,) * num_agents
    actions = joint_actions(counts)
    matched = (actions[:, :, None] == actions[:, None, :]).sum(axis=2) - 1  # (A, N)
    return Game(
        agents=tuple(f"agent_{i}" for i in range(num_agents)),
        states=("here",),
        actions=(tuple(str(action) for action in range(num_actions)),) * num_agents,
        rewards=(matched / (num_agents - 1)).reshape(1, *counts, num_agents),
        pay=gaussian(noise),
        horizon=100,
    )


def world(
    *, num_agents: int = 2, num_actions: int = 2, noise: float = 0.0, **settings: Unpack[Settings]
) -> TabularGame:
    """Agents in one state are paid for doing what their partners do.

    Args:
        num_agents: N >= 2.
        num_actions: of each agent, >= 2.
        noise: standard deviation of what is added to each reward.
        **settings: those of every game; see ``Settings``.
    """
    return TabularGame(
        game(num_agents=num_agents, num_actions=num_actions, noise=noise),
        id="matching-game-v0",
        **settings,
    )
