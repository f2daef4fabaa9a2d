"""``python -m rallypoint.experiments.backdoor``."""

from rallypoint.experiments.cli import run_alone

run_alone("backdoor")
