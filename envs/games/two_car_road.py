"""Two cars on a road: what the follower should do depends on whether the leader is braked.

A table of our own for the story of El Mhamdi, Guerraoui, Hendrikx & Maurer (2017),
arXiv:1704.02882: the passengers of the car in front brake it, and the car behind, learning on its
own, learns from the brakes instead of from the driver.
"""

from typing import Unpack

from rallypoint.envs.games.game import Game
from rallypoint.envs.games.world import Settings, TabularGame

# Of the follower, by state, own action and the leader's (fast, slow).
_FOLLOWER = [
    [[0.1, 0.1], [0.1, 0.1], [-0.2, -0.2]],  # far: keep, close up, overtake
    [[0.1, 0.1], [1.0, -2.0], [-1.0, 1.5]],  # close
]
_LEADER = (1.0, 0.0)  # fast, slow
_AFTERWARDS = (0, 1, 0)  # far, close, far


def game() -> Game:
    """Return the game, which cuts an episode short after 100 steps."""
    return Game(
        agents=("follower", "leader"),
        states=("far", "close"),
        actions=(("keep", "close up", "overtake"), ("fast", "slow")),
        rewards=[
            [[[own, of] for own, of in zip(row, _LEADER, strict=True)] for row in by_action]
            for by_action in _FOLLOWER
        ],
        leads_to=[[[state, state] for state in _AFTERWARDS]] * 2,
        horizon=100,
    )


def world(**settings: Unpack[Settings]) -> TabularGame:
    """A car follows another that is sometimes slow: keep, close up or overtake.

    Args:
        **settings: those of every game; see ``Settings``.
    """
    return TabularGame(game(), id="two-car-road-v0", **settings)
