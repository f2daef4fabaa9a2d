"""As small as it can be run."""

from rallypoint.experiments.kardam.config import KardamConfig

SEEDS = (0, 1, 2)
MINIATURE = KardamConfig(
    contributors=(4,), liars=(1,), dimension=10, arrivals=60, gradients=12, episodes=2
)
REFUSED = [
    ({"liars": (1,)}, "liars"),
    ({"contributors": (3,), "liars": (1,)}, "3 f . 1 <= n"),
    ({"gradients": 9}, "gradients"),
    ({"noise": -1.0}, "noise"),
    ({"staleness": float("inf")}, "staleness is a finite number >= 0"),
    ({"episodes": 0}, "episodes"),
]
