"""``python -m rallypoint.experiments.lossy_transport``."""

from rallypoint.experiments.cli import run_alone

run_alone("lossy_transport")
