"""As small as it can be run."""

from rallypoint.experiments.beliefs.config import BeliefsConfig

SEEDS = (0, 1, 2)
MINIATURE = BeliefsConfig(rounds=3, copies=8, steps=6, evaluated=12)
REFUSED = [
    ({"rounds": 0}, "rounds is a number >= 1, got 0"),
    ({"hostile": 0.0}, "hostile is a probability > 0"),
    ({"learning_rate": float("nan")}, "learning_rate is a finite number > 0"),
]
