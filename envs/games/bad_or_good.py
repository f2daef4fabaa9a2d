"""A gamble whose bad outcome gets interrupted: dropping whole episodes makes it look good.

An instance of our own of what Armstrong (2017), "Removing interrupted histories doesn't debias",
describes. The risky choice leads to ``good`` or ``bad`` with probability one half each; there the
agent carries on, for +1 or -1, and so the risky choice is worth 0 and the sure one 0.5. A person
who watches stops it in ``bad``, which pays 0. Keeping only the episodes without interruption keeps
the good outcomes, and makes the gamble look like the better choice.

The agent could stop by itself, too. The values here are those of carrying on: they are what is to
be estimated, not what would be optimal.
"""

from typing import NamedTuple, Unpack

from rallypoint.envs.games.game import Game
from rallypoint.envs.games.world import Settings, TabularGame
from rallypoint.errors import InvalidConfig

RISKY, SURE = 0, 1  # at the start
CARRY_ON, STOP = 0, 1  # afterwards


class WorthOfRisk(NamedTuple):
    """What the risky choice seems worth, by what is done with interrupted experience."""

    kept: float  # nothing is dropped
    episodes_dropped: float  # those in which there was an interruption
    transitions_dropped: float  # those that were interrupted: the truth


def worth_of_risk(probability: float) -> WorthOfRisk:
    """Return the limits of the estimates if ``bad`` is interrupted with a probability.

    >>> [round(worth, 3) for worth in worth_of_risk(0.95)]
    [0.475, 0.905, 0.0]

    Raises:
        InvalidConfig: the probability does not lie in [0, 1); at 1 nothing is left of ``bad``.
    """
    if not 0 <= probability < 1:
        raise InvalidConfig(
            f"a probability of interruption lies in [0, 1), got {probability}; at 1 nothing is "
            "left of what is interrupted"
        )
    carried_on = 1 - probability
    return WorthOfRisk(
        kept=0.5 - 0.5 * carried_on,
        episodes_dropped=(1 - carried_on) / (1 + carried_on),
        transitions_dropped=0.0,
    )


def game() -> Game:
    """Return the game of at most two steps."""
    gamble, over = [0.0, 0.5, 0.5, 0.0], [0.0, 0.0, 0.0, 1.0]  # start, bad, good, over
    return Game(
        agents=("agent_0",),
        states=("start", "bad", "good"),
        endings=("over",),
        actions=(("risky, or carry on", "sure, or stop"),),
        rewards=[[0.0, 0.5], [-1.0, 0.0], [1.0, 0.0]],
        leads_to=[[gamble, over], [over, over], [over, over]],
        horizon=2,
    )


def world(**settings: Unpack[Settings]) -> TabularGame:
    """An agent gambles for +1 or -1, or takes 0.5; the bad outcome is where it gets stopped.

    Args:
        **settings: those of every game; see ``Settings``.
    """
    return TabularGame(game(), id="bad-or-good-v0", **settings)
