"""As small as it can be run."""

from rallypoint.experiments.lossy_transport.config import LossyTransportConfig

SEEDS = (0, 1, 2)
MINIATURE = LossyTransportConfig(losses=(0.0, 0.1), rounds=10, episodes=1, transfers=2, size=3000)
REFUSED = [
    ({"losses": (0.1, 0.2)}, "losses"),
    ({"losses": (0.0, 1.0)}, "losses"),
    ({"liars": 4}, "liars"),
    ({"rounds": 9}, "rounds"),
    ({"rate": 0.0}, "rate"),
    ({"rate": float("inf")}, "rate is a finite number"),
]
