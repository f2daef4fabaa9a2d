"""As small as it can be run."""

from rallypoint.experiments.kardam.config import KardamConfig

SEEDS = (0, 1, 2)
MINIATURE = KardamConfig(
    contributors=(4,), liars=(1,), dimension=10, arrivals=60, gradients=12, episodes=2
)
