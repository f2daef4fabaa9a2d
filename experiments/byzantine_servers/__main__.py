"""``python -m rallypoint.experiments.byzantine_servers``."""

from rallypoint.experiments.cli import run_alone

run_alone("byzantine_servers")
