"""``python -m rallypoint.experiments.fair_trust``."""

from rallypoint.experiments.cli import run_alone

run_alone("fair_trust")
