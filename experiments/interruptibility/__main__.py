"""``python -m rallypoint.experiments.interruptibility``."""

from rallypoint.experiments.cli import run_alone

run_alone("interruptibility")
