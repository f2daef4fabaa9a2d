"""As small as it can be run."""

from rallypoint.experiments.beliefs.config import BeliefsConfig

SEEDS = (0, 1, 2)
MINIATURE = BeliefsConfig(rounds=3, copies=8, steps=6, evaluated=12)
