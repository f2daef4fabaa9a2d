"""The toy in which a team does well together, and nobody can be sure of much alone.

The rules of the toy environment of Li et al. (2024), "Byzantine Robust Cooperative Multi-Agent
Reinforcement Learning as a Bayesian Game" (EIR-MAPPO), ICLR, arXiv:2305.12872. Together two agents
earn 100 in 100 steps; against the worst partner nobody can make sure of more than 50, which takes
coin tosses: of whoever acts predictably a partner makes 0.
"""

from typing import Unpack

from rallypoint.envs.games.game import Game
from rallypoint.envs.games.world import Settings, TabularGame


def game() -> Game:
    """Return the game: in one state equal actions pay, in the other unequal ones.

    What pays leads to ``unequal pays``, or keeps there; what does not leads to ``equal pays``.
    """
    equal, unequal = [[1, 0], [0, 1]], [[0, 1], [1, 0]]
    return Game(
        agents=("agent_0", "agent_1"),
        states=("equal pays", "unequal pays"),
        actions=(("0", "1"),) * 2,
        rewards=[equal, unequal],
        leads_to=[equal, unequal],
        start=[0.5, 0.5],
        horizon=100,
    )


def world(**settings: Unpack[Settings]) -> TabularGame:
    """Two agents are paid together for equal actions in one state, for unequal ones in the other.

    Args:
        **settings: those of every game; see ``Settings``.
    """
    return TabularGame(game(), id="coordination-toy-v0", **settings)
