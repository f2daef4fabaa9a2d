"""As small as it can be run."""

from rallypoint.experiments.fair_trust.config import FairTrustConfig

SEEDS = (0, 1, 2)
MINIATURE = FairTrustConfig(rounds=40)
