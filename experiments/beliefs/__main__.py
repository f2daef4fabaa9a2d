"""``python -m rallypoint.experiments.beliefs``."""

from rallypoint.experiments.cli import run_alone

run_alone("beliefs")
