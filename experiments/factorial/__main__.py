"""``python -m rallypoint.experiments.factorial``."""

from rallypoint.experiments.cli import run_alone

run_alone("factorial")
