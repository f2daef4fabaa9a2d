"""``python -m rallypoint.experiments.ant_colony``."""

from rallypoint.experiments.cli import run_alone

run_alone("ant_colony")
