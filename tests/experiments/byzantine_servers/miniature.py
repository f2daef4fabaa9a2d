"""As small as it can be run."""

from rallypoint.experiments.byzantine_servers.config import ByzantineServersConfig

SEEDS = (0, 1, 2)
MINIATURE = ByzantineServersConfig(rounds=10, episodes=1, every_condition=False)
REFUSED = [
    ({"servers": 4}, "servers"),
    ({"contributors": 6}, "contributors"),
    ({"rounds": 9}, "rounds"),
    ({"rate": 0.0}, "rate"),
    ({"plain_rate": float("inf")}, "rates are finite"),
]
