"""As small as it can be run."""

from rallypoint.experiments.ant_colony.config import AntColonyConfig

SEEDS = (0, 1, 2)
MINIATURE = AntColonyConfig(colonies=1, steps=400, training=2_000, losses=(0, 12, 30))
