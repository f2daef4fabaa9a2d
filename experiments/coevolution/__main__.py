"""``python -m rallypoint.experiments.coevolution``."""

from rallypoint.experiments.cli import run_alone

run_alone("coevolution")
