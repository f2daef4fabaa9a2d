"""As small as it can be run."""

from rallypoint.experiments.gathering.config import GatheringConfig

SEEDS = (0, 1, 2)
MINIATURE = GatheringConfig(
    cycles=4, crowd=20, test_cycles=4, uniform_starts=4, candidates=4, candidate_runs=2
)
