"""As small as it can be run."""

from rallypoint.experiments.incentives.config import IncentivesConfig

SEEDS = (0, 1, 2)
MINIATURE = IncentivesConfig(games=2, horizons=(500, 600))
