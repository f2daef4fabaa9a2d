"""Random networks, random faults in them, and how far outputs move beside every bound."""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from rallypoint.draws import Floats
from rallypoint.networks import FaultPlan, Layer
from rallypoint.safety.certificates.interval_bounds import greatest_signals
from rallypoint.safety.certificates.neuron_faults import fep, fep_at, fep_by_matrices
from rallypoint.safety.certificates.synapse_faults import (
    fep_of_precision,
    fep_of_precision_by_matrices,
    fep_of_synapses,
    fep_of_synapses_by_matrices,
    grid_of_bits,
)
from rallypoint.safety.neurons.damage import signals_of
from rallypoint.safety.neurons.plans import cutting, failing, lowest, rounding

SIZES = (4, 8, 6, 5, 1)
CAPACITY = 2.0  # of Byzantine neurons and synapses
KINDS = ("crash", "byzantine", "synapse", "precision")


class Moved(NamedTuple):
    """How far the output of one network moved at most, and what each bound says."""

    worst: float  # over inputs and faults
    published: float  # from the greatest weight of each layer
    matrices: float  # from whole matrices, whichever neurons fail
    known: float  # from whole matrices and what failed, on average over inputs; as matrices if none
    closest: float  # the largest share of a bound that an input reached, whichever bound


def draw(rng: np.random.Generator, spread: float, activation: str) -> tuple[Layer, ...]:
    """Draw a network 4-8-6-5-1 with weights and biases from N(0, spread²)."""
    return tuple(
        Layer(
            f"layer {place}",
            spread * rng.standard_normal((outputs, inputs)),
            spread * rng.standard_normal(outputs),
            "identity" if place == len(SIZES) - 2 else activation,
        )
        for place, (inputs, outputs) in enumerate(pairwise(SIZES))
    )


def moved(rng: np.random.Generator, kind: str, spread: float, inputs: int) -> Moved:
    """Draw a network, break it in another way for each input, and measure."""
    layers = draw(rng, spread, "tanh" if rng.random() < 0.5 else "sigmoid")
    seen = rng.standard_normal((inputs, SIZES[0]))
    plan, bounds = _broken(rng, kind, layers, inputs)
    found = np.abs(signals_of(layers, seen, plan)[-1] - signals_of(layers, seen)[-1])
    with np.errstate(invalid="ignore"):  # 0 of 0, where nothing failed
        closest = max(float(np.nan_to_num(found / bound).max()) for bound in bounds)
    is_kept = all((found <= bound * (1 + 1e-9)).all() for bound in bounds)  # but for rounding
    published, matrices, known = bounds[0], bounds[1], bounds[-1]
    return Moved(
        worst=float(found.max()),
        published=float(published[0]),
        matrices=float(matrices[0]),
        known=float(known.mean()),
        closest=min(closest, 1.0) if is_kept else closest,
    )


def _broken(
    rng: np.random.Generator, kind: str, layers: tuple[Layer, ...], inputs: int
) -> tuple[FaultPlan, list[Floats]]:
    """Return a plan and its bounds: published, by matrices, and where faults are known."""
    sizes = [len(layer.weights) for layer in layers[:-1]]
    if kind == "precision":
        grid = grid_of_bits(int(rng.integers(2, 10)))
        errors = [grid / 2] * len(sizes)
        bounds = [fep_of_precision(layers, errors), fep_of_precision_by_matrices(layers, errors)]
        return rounding(layers, grid), bounds
    if kind == "synapse":
        broken = [int(rng.integers(0, 5)) for _ in layers]
        ids = [
            rng.random((inputs, layer.weights.size)).argsort(axis=1)[:, :count]
            for layer, count in zip(layers, broken, strict=True)
        ]
        lies = [CAPACITY * _signs(rng, part.shape) for part in ids]
        bounds = [
            form(layers, broken, CAPACITY)
            for form in (fep_of_synapses, fep_of_synapses_by_matrices)
        ]
        return cutting(layers, ids, lies), bounds
    faults = [int(rng.integers(0, size + 1)) for size in sizes]
    failed = [
        lowest(rng.random((inputs, size)), count) for size, count in zip(sizes, faults, strict=True)
    ]
    if kind == "crash":
        capacity, plan = greatest_signals(layers), failing(failed, 0.0)
    else:
        capacity = [np.full(size, CAPACITY) for size in sizes]
        lies = [CAPACITY * way for way in _one_way(rng, layers, inputs)]
        plan = failing(failed, lies, beside=True)
    bounds = [form(layers, faults, capacity) for form in (fep, fep_by_matrices)]
    return plan, [*bounds, fep_at(layers, failed, capacity)]


def _one_way(rng: np.random.Generator, layers: tuple[Layer, ...], inputs: int) -> Iterator[Floats]:
    """Yield signs of lies: at random for half of the inputs, all pushing one way for the rest."""
    pushes, weights = [], layers[-1].weights
    for layer in layers[-2::-1]:
        pushes.append(np.where(weights[0] < 0, -1.0, 1.0))
        weights = weights @ layer.weights
    for push in pushes[::-1]:
        signs = _signs(rng, (inputs, len(push)))
        signs[::2] = push
        yield signs


def _signs(rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    signs: Floats = rng.choice([-1.0, 1.0], shape)
    return signs


def attained(rng: np.random.Generator, kind: str) -> float:
    """Return the share of the bound that neurons reach which are saturated and push one way."""
    size, weight = int(rng.integers(3, 30)), float(rng.uniform(0.1, 2))
    failed = int(rng.integers(1, size + 1))
    layers = (
        Layer("hidden", np.full((size, 2), 50.0), np.zeros(size), "tanh"),
        Layer("end", np.full((1, size), weight), np.zeros(1), "identity"),
    )
    seen, gone = np.ones((1, 2)), [np.arange(size) < failed]
    capacity = 1.0 if kind == "crash" else CAPACITY
    plan = failing(gone, 0.0) if kind == "crash" else failing(gone, capacity, beside=True)
    found = np.abs(signals_of(layers, seen, plan)[-1] - signals_of(layers, seen)[-1])
    return float(found[0, 0] / fep(layers, [failed], capacity)[0])
