"""``python -m rallypoint.experiments.byzantine_gradient``."""

from rallypoint.experiments.cli import run_alone

run_alone("byzantine_gradient")
