"""``python -m rallypoint.experiments.gathering``."""

from rallypoint.experiments.cli import run_alone

run_alone("gathering")
