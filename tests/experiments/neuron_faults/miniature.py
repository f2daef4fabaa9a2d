"""As small as it can be run."""

from rallypoint.experiments.neuron_faults.config import NeuronFaultsConfig

SEEDS = (0, 1, 2)
MINIATURE = NeuronFaultsConfig(
    networks=8, inputs=12, neurons=12, rounds=3, episodes=3, faults=(0, 6), copies=(1, 4)
)
REFUSED = [
    ({"spread": float("inf")}, "spread is a finite number"),
    ({"networks": 0}, "networks is a number >= 1"),
    ({"spread": 0.0}, "spread is a finite number > 0"),
    ({"faults": (0, 65)}, "of up to 64 neurons"),
    ({"faults": (2, 1)}, "different numbers, rising"),
    ({"copies": (2, 3)}, "copies are 1 and more"),
]
