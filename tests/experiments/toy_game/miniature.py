"""As small as it can be run."""

from rallypoint.experiments.toy_game.config import ToyGameConfig

SEEDS = (0, 1, 2)
MINIATURE = ToyGameConfig(rounds=12, episodes=8, evaluated=20)
