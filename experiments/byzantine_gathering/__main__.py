"""``python -m rallypoint.experiments.byzantine_gathering``."""

from rallypoint.experiments.cli import run_alone

run_alone("byzantine_gathering")
