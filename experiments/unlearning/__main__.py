"""``python -m rallypoint.experiments.unlearning``."""

from rallypoint.experiments.cli import run_alone

run_alone("unlearning")
