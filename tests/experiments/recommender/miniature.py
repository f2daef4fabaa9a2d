"""As small as it can be run."""

from rallypoint.experiments.recommender.config import RecommenderConfig

SEEDS = (0, 1)
MINIATURE = RecommenderConfig(platforms=1, rounds=8, clicks=(10, 100), apart=(1.0,))
