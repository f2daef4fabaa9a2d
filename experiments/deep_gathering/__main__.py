"""``python -m rallypoint.experiments.deep_gathering``."""

from rallypoint.experiments.cli import run_alone

run_alone("deep_gathering")
