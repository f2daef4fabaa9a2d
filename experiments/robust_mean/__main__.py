"""``python -m rallypoint.experiments.robust_mean``."""

from rallypoint.experiments.cli import run_alone

run_alone("robust_mean")
