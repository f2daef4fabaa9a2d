"""As small as it can be run."""

from rallypoint.experiments.byzantine_team.config import ByzantineTeamConfig

SEEDS = (0, 1, 2)
MINIATURE = ByzantineTeamConfig(
    rules=("mean", "median"),
    attacks=("sign_flip",),
    liars=(1,),
    num_agents=4,
    copies=2,
    steps=400,
    tests=4,
)
