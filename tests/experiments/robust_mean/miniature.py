"""As small as it can be run."""

from rallypoint.experiments.robust_mean.config import RobustMeanConfig

SEEDS = (0, 1, 2)
MINIATURE = RobustMeanConfig(samples=500, few=100, dimensions=(16, 64))
REFUSED = [
    ({"share": 0.5}, "share"),
    ({"samples": 19}, "samples"),
    ({"few": 19}, "few"),
    ({"dimensions": (16,)}, "two or more"),
    ({"dimensions": (64, 16)}, "rising"),
]
