"""``python -m rallypoint.experiments.toy_game``."""

from rallypoint.experiments.cli import run_alone

run_alone("toy_game")
