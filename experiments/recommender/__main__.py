"""``python -m rallypoint.experiments.recommender``."""

from rallypoint.experiments.cli import run_alone

run_alone("recommender")
