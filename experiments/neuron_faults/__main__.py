"""``python -m rallypoint.experiments.neuron_faults``."""

from rallypoint.experiments.cli import run_alone

run_alone("neuron_faults")
