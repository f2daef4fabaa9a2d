"""As small as it can be run."""

from rallypoint.experiments.incentives.config import IncentivesConfig

SEEDS = (0, 1, 2)
MINIATURE = IncentivesConfig(games=2, horizons=(500, 600))
REFUSED = [
    ({"horizons": (500,)}, "at least two numbers of rounds"),
    ({"horizons": (600, 500)}, "the shorter ones first"),
    ({"games": 0}, "games is a number >= 1"),
    ({"bribe": 0.7}, r"bribe lies in \(0, 0.5\)"),
]
