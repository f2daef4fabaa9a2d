"""As small as it can be run."""

from rallypoint.experiments.neuron_faults.config import NeuronFaultsConfig

SEEDS = (0, 1, 2)
MINIATURE = NeuronFaultsConfig(
    networks=8, inputs=12, neurons=12, rounds=3, episodes=3, faults=(0, 1, 6), copies=(1, 4)
)
