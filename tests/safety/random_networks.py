"""Small random networks, and damage to them."""

from itertools import pairwise

from rallypoint.networks import Layer
from rallypoint.safety.neurons.plans import lowest

SIZES = (4, 8, 6, 5, 2)


def network(rng, sizes=SIZES, activation="tanh", spread=0.4):
    """Draw a network from N(0, spread²) by the sizes of its layers."""
    return tuple(
        Layer(
            f"layer {place}",
            spread * rng.standard_normal((outputs, inputs)),
            spread * rng.standard_normal(outputs),
            "identity" if place == len(sizes) - 2 else activation,
        )
        for place, (inputs, outputs) in enumerate(pairwise(sizes))
    )


def some_faults(rng, layers):
    """Draw how many neurons of each hidden layer fail."""
    return [int(rng.integers(0, len(layer.weights) + 1)) for layer in layers[:-1]]


def masks(rng, layers, faults, rows):
    """Draw which ones do, row by row: (rows, N) for each hidden layer."""
    return [
        lowest(rng.random((rows, len(layer.weights))), failed)
        for layer, failed in zip(layers, faults, strict=False)
    ]


def observations(rng, layers, rows=64, spread=1.0):
    return spread * rng.standard_normal((rows, layers[0].weights.shape[1]))
