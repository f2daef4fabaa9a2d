"""The matching game: one state, and whoever does as the others do is paid.

Two agents with two actions each are the game in which independent learners fail dynamic safe
interruptibility: with one partner's action overridden, the mean reward of the other's actions
depends on how often. El Mhamdi, Guerraoui, Hendrikx & Maurer (2017), "Dynamic Safe
Interruptibility for Decentralized Multi-Agent Reinforcement Learning", arXiv:1704.02882.
"""

from rallypoint.envs.batch import Copies
from rallypoint.envs.checks import check_size
from rallypoint.envs.games.game import Game
from rallypoint.envs.games.noise import gaussian
from rallypoint.envs.games.world import TabularGame
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
    *,
    copies: Copies = 1,
    num_agents: int = 2,
    num_actions: int = 2,
    noise: float = 0.0,
    max_cycles: int | None = None,
    render_mode: str | None = None,
) -> TabularGame:
    """Agents in one state are paid for doing what their partners do.

    Args:
        copies: how many, or the global id of each.
        num_agents: N >= 2.
        num_actions: of each agent, >= 2.
        noise: standard deviation of what is added to each reward.
        max_cycles: steps in an episode; 100 if not given.
        render_mode: "ansi", or None.
    """
    return TabularGame(
        game(num_agents=num_agents, num_actions=num_actions, noise=noise),
        id="matching-game-v0",
        copies=copies,
        max_cycles=max_cycles,
        render_mode=render_mode,
    )
