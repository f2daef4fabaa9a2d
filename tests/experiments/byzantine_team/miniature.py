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
REFUSED = [
    ({"attacks": ("sign_flop",)}, "did you mean 'sign_flip'"),
    ({"attacks": ()}, "at least one"),
    ({"rules": ("median",)}, "rules contain 'mean'"),
    ({"rules": ("mean", "medain")}, "median"),
    ({"liars": (5,)}, "a minority"),
    ({"liars": (2, 1)}, "rising"),
    ({"liars": (4,), "rules": ("mean", "krum")}, "krum"),
    ({"steps": 0}, "steps"),
]
