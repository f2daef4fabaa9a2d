"""Layers that do not wait for their slowest neurons, and the average over crashes."""

from itertools import pairwise

import numpy as np

from rallypoint.experiments.neuron_faults.random_networks import SIZES, draw
from rallypoint.networks import Layer
from rallypoint.safety.certificates.neuron_faults import fep_by_matrices
from rallypoint.safety.neurons.average_case import first_order
from rallypoint.safety.neurons.boosting import boosted
from rallypoint.safety.neurons.damage import signals_of
from rallypoint.safety.neurons.plans import failing

LEFT_OUT = 1  # of each hidden layer, the slowest
PROBABILITY = 0.01  # of a crash, of each neuron by itself
_WIDTH, _TRIALS = 200, 4000


def gained(rng: np.random.Generator, spread: float, inputs: int) -> tuple[float, float]:
    """Return how many times faster a network is that leaves the slowest out, and what it costs.

    The second is the largest share of the bound on crashes by which an output is off. Neurons take
    exponentially distributed times.
    """
    layers = draw(rng, spread, "tanh")
    seen = rng.standard_normal((inputs, SIZES[0]))
    latencies = [rng.exponential(size=(inputs, size)) for size in SIZES[1:-1]]
    faults = [LEFT_OUT] * len(latencies)
    found = boosted(layers, seen, latencies, faults)
    off = np.abs(found.outputs - signals_of(layers, seen)[-1])
    share = float((off / fep_by_matrices(layers, faults, 1.0)).max())
    return float(found.waiting.mean() / found.times.mean()), share


def on_average(rng: np.random.Generator) -> float:
    """Return how far the spread that is measured lies from the one that is told, as a share."""
    sizes = (6, _WIDTH, _WIDTH, 1)
    layers = tuple(
        Layer(
            f"layer {place}",
            rng.standard_normal((outputs, inputs)) / np.sqrt(inputs),
            np.zeros(outputs),
            "identity" if place == len(sizes) - 2 else "tanh",
        )
        for place, (inputs, outputs) in enumerate(pairwise(sizes))
    )
    seen = rng.standard_normal((1, 6))
    gone = [rng.random((_TRIALS, _WIDTH)) < PROBABILITY for _ in range(2)]
    outputs = signals_of(layers, np.repeat(seen, _TRIALS, axis=0), failing(gone, 0.0))[-1]
    told = float(first_order(layers, seen, PROBABILITY).std[0, 0])
    return abs(float(outputs.std()) / told - 1)
