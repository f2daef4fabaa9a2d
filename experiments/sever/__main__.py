"""``python -m rallypoint.experiments.sever``."""

from rallypoint.experiments.cli import run_alone

run_alone("sever")
