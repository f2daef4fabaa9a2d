"""``python -m rallypoint.experiments.incentives``."""

from rallypoint.experiments.cli import run_alone

run_alone("incentives")
