"""``python -m rallypoint.experiments.virtuous``."""

from rallypoint.experiments.cli import run_alone

run_alone("virtuous")
