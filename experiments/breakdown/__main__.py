"""``python -m rallypoint.experiments.breakdown``."""

from rallypoint.experiments.cli import run_alone

run_alone("breakdown")
