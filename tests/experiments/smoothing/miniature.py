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
REFUSED = [
    ({"rounds": 0}, "rounds is a number >= 1"),
    ({"sigmas": (0.0, 0.1)}, "without noise there is nothing to certify"),
    ({"sigmas": (0.2, 0.1)}, "different numbers, rising"),
    ({"budgets": (1.0, 2.0)}, "the first budget is none"),
    ({"noises": (0.1, 0.2)}, "noises are 3 or more"),
    ({"alpha": 0.5}, "alpha lies in"),
]
