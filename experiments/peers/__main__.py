"""``python -m rallypoint.experiments.peers``."""

from rallypoint.experiments.cli import run_alone

run_alone("peers")
