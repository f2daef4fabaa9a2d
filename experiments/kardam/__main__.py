"""``python -m rallypoint.experiments.kardam``."""

from rallypoint.experiments.cli import run_alone

run_alone("kardam")
