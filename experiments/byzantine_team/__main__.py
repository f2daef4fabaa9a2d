"""``python -m rallypoint.experiments.byzantine_team``."""

from rallypoint.experiments.cli import run_alone

run_alone("byzantine_team")
