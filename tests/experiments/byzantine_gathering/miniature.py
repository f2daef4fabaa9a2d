"""As small as it can be run."""

from rallypoint.experiments.byzantine_gathering.config import ByzantineGatheringConfig

SEEDS = (0, 1)
MINIATURE = ByzantineGatheringConfig(
    num_agents=6,
    crowd=8,
    cells=7,
    antagonists=(0, 1),
    cycles=3,
    test_cycles=1,
    look_ahead_cycles=1,
    depth=1,
    depths=(2,),
    declared=(0, 1, 2),
)
REFUSED = [
    ({"crowd": 5}, "crowd is more than"),
    ({"cycles": 0}, "cycles is a number >= 1"),
    ({"num_agents": 5}, "num_agents is a number >= 6"),
    ({"declared": (2, 1)}, "rising, 1 and 2 among them"),
    ({"antagonists": (-1,)}, "antagonists are numbers of agents"),
    ({"depths": (0,)}, "depths are integers >= 1"),
]
