"""As small as it can be run."""

from rallypoint.experiments.fair_trust.config import FairTrustConfig

SEEDS = (0, 1, 2)
MINIATURE = FairTrustConfig(rounds=40)
REFUSED = [
    ({"majority": 9}, "the majority outnumbers"),
    ({"rounds": 1}, "rounds is a number >= 2"),
    ({"sacrificed": 0.5}, r"a share in \(0, 0.5\)"),
]
