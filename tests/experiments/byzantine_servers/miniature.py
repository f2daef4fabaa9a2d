"""As small as it can be run."""

from rallypoint.experiments.byzantine_servers.config import ByzantineServersConfig

SEEDS = (0, 1, 2)
MINIATURE = ByzantineServersConfig(rounds=10, episodes=1, every_condition=False)
