"""As small as it can be run."""

from rallypoint.experiments.experts.config import ExpertsConfig

SEEDS = (0, 1, 2)
MINIATURE = ExpertsConfig(features=5, batch=16, rounds=5, flip=3, rate=2.0)
REFUSED = [
    ({"honest": 10}, "minority"),
    ({"honest": 1}, "at least two"),
    ({"features": 0}, "features"),
    ({"noise": 0.5}, "noise"),
    ({"flip": 150}, "flip"),
    ({"rate": 0.0}, "rate"),
    ({"rate": float("inf")}, "rate is a finite number"),
]
