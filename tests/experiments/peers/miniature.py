"""As small as it can be run."""

from rallypoint.experiments.peers.config import PeersConfig

SEEDS = (0, 1)
MINIATURE = PeersConfig(rounds=10, episodes=1, every_condition=False)
