"""``python -m rallypoint.experiments.experts``."""

from rallypoint.experiments.cli import run_alone

run_alone("experts")
