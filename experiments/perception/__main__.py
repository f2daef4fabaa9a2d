"""``python -m rallypoint.experiments.perception``."""

from rallypoint.experiments.cli import run_alone

run_alone("perception")
