"""As small as it can be run."""

from rallypoint.experiments.peers.config import PeersConfig

SEEDS = (0, 1)
MINIATURE = PeersConfig(rounds=10, episodes=1, every_condition=False)
REFUSED = [
    ({"peers": 10}, "peers"),
    ({"f": 0}, "f >= 1"),
    ({"rounds": 9}, "rounds"),
    ({"exchanges": 0}, "exchanges"),
    ({"rate": 0.0}, "rate"),
    ({"rate": float("inf")}, "rate is a finite number"),
]
