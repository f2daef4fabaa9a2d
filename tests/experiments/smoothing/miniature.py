"""As small as it can be run."""

from rallypoint.experiments.smoothing.config import SmoothingConfig

SEEDS = (0, 1, 2)
MINIATURE = SmoothingConfig(
    sigmas=(0.1,),
    budgets=(0.0, 20.0),
    rounds=2,
    certified=200,
    attacked=4,
    searched=2,
    states=4,
    samples=50,
    noises=(0.01, 0.1, 1.0),
)
