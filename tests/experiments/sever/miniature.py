"""As small as it can be run."""

from rallypoint.experiments.sever.config import SeverConfig

SEEDS = (0, 1, 2)
MINIATURE = SeverConfig(contributors=4, trajectories=10, rounds=1)
