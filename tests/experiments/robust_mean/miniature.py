"""As small as it can be run."""

from rallypoint.experiments.robust_mean.config import RobustMeanConfig

SEEDS = (0, 1, 2)
MINIATURE = RobustMeanConfig(samples=500, few=100, dimensions=(16, 64))
