"""As small as it can be run."""

from rallypoint.experiments.byzantine_gathering.config import ByzantineGatheringConfig

SEEDS = (0, 1)
MINIATURE = ByzantineGatheringConfig(
    num_agents=6,
    crowd=8,
    antagonists=(0, 1),
    cycles=3,
    test_cycles=2,
    look_ahead_cycles=1,
    depth=1,
    depths=(2,),
    declared=(0, 1, 2),
)
