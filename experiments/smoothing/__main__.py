"""``python -m rallypoint.experiments.smoothing``."""

from rallypoint.experiments.cli import run_alone

run_alone("smoothing")
