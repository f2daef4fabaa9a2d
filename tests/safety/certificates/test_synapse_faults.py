"""Synapses that lie and neurons that are imprecise: no output moves by more than its bound."""

import numpy as np
import pytest

from rallypoint.errors import InvalidConfig
from rallypoint.networks import Layer
from rallypoint.safety.certificates.interval_bounds import greatest_signals
from rallypoint.safety.certificates.synapse_faults import (
    bits_for,
    fep_of_precision,
    fep_of_precision_by_matrices,
    fep_of_synapses,
    fep_of_synapses_by_matrices,
    grid_of_bits,
)
from rallypoint.safety.neurons.activations import activation
from rallypoint.safety.neurons.damage import signals_of
from rallypoint.safety.neurons.plans import cutting, rounding
from tests.safety.random_networks import network, observations

SLACK = 1 + 1e-12


def some_synapses(rng, layers, rows):
    """Draw how many synapses into each layer break, and which, row by row."""
    faults = [int(rng.integers(0, min(6, layer.weights.size))) for layer in layers]
    ids = [
        rng.random((rows, layer.weights.size)).argsort(axis=1)[:, :broken]
        for layer, broken in zip(layers, faults, strict=True)
    ]
    return faults, ids


def moved(layers, seen, plan):
    return np.abs(signals_of(layers, seen, plan)[-1] - signals_of(layers, seen)[-1])


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "relu"])
@pytest.mark.parametrize("seed", range(40))
def test_synapses_that_lie_move_no_output_by_more_than_the_bounds(seed, name):
    rng = np.random.default_rng(seed + 2000)
    layers, capacity = network(rng, activation=name), 1.3
    seen = observations(rng, layers)
    faults, ids = some_synapses(rng, layers, len(seen))
    plan = cutting(layers, ids, [capacity * rng.choice([-1.0, 1.0], part.shape) for part in ids])
    published = fep_of_synapses(layers, faults, capacity)
    whole = fep_of_synapses_by_matrices(layers, faults, capacity)
    assert (moved(layers, seen, plan) <= whole * SLACK).all()
    assert (whole <= published * SLACK).all()


@pytest.mark.parametrize("seed", range(20))
def test_synapses_that_are_cut_are_in_the_budget_of_the_greatest_signal(seed):
    rng = np.random.default_rng(seed + 3000)
    layers = network(rng, activation="relu")
    seen = observations(rng, layers)
    box = seen.min(axis=0), seen.max(axis=0)
    greatest = [np.abs(seen).max(), *(most.max() for most in greatest_signals(layers, box))]
    faults, ids = some_synapses(rng, layers, len(seen))
    plan = cutting(layers, ids)
    assert (moved(layers, seen, plan) <= fep_of_synapses(layers, faults, max(greatest))).all()


def test_the_recursion_is_the_sum_over_layers():
    layers = network(np.random.default_rng(1), activation="sigmoid")
    faults, capacity = [3, 1, 4, 2], 0.7
    total = float(faults[-1])
    for place, layer in enumerate(layers[:-1]):
        path = faults[place] * activation(layer.activation).steepest * np.abs(layer.weights).max()
        for behind in layers[place + 1 : -1]:
            slope = activation(behind.activation).steepest
            path *= len(behind.weights) * slope * np.abs(behind.weights).max()
        total += path
    end = np.abs(layers[-1].weights).max(axis=1)
    assert np.allclose(fep_of_synapses(layers, faults, capacity), capacity * end * total)


def test_a_lie_on_the_heaviest_synapse_attains_the_bound():
    layers = (
        Layer("hidden", np.array([[0.1, -0.5]]), np.zeros(1), "identity"),
        Layer("end", np.array([[3.0]]), np.zeros(1), "identity"),
    )
    plan = cutting(layers, [np.array([1]), np.array([], dtype=int)], 2.0)
    assert np.isclose(moved(layers, np.ones((1, 2)), plan), 3.0)
    assert np.isclose(fep_of_synapses(layers, [1, 0], 2.0), 3.0)


@pytest.mark.parametrize("bits", [2, 5, 9])
@pytest.mark.parametrize("seed", range(20))
def test_rounded_signals_move_no_output_by_more_than_the_bounds(seed, bits):
    rng = np.random.default_rng(seed + 4000)
    layers = network(rng)
    seen = observations(rng, layers)
    grid = grid_of_bits(bits)
    errors = [grid / 2] * 3
    whole, published = (
        fep_of_precision_by_matrices(layers, errors),
        fep_of_precision(layers, errors),
    )
    assert (moved(layers, seen, rounding(layers, grid)) <= whole * SLACK).all()
    assert (whole <= published * SLACK).all()


def test_signals_that_are_all_rounded_one_way_attain_the_bound():
    layers = (
        Layer("hidden", np.ones((6, 1)), np.zeros(6), "identity"),
        Layer("end", np.full((1, 6), 0.7), np.zeros(1), "identity"),
    )
    grid = 0.25
    seen = np.array([[grid * 0.5 - 1e-12]])  # rounded to 0, off by half of the grid
    found = moved(layers, seen, rounding(layers, grid))
    assert np.allclose(found, fep_of_precision_by_matrices(layers, [grid / 2]))
    assert np.allclose(found, fep_of_precision(layers, [grid / 2]))


def test_as_few_bits_are_named_as_suffice():
    layers = network(np.random.default_rng(5))
    bits = bits_for(layers, 0.01)
    bounds = [
        fep_of_precision_by_matrices(layers, [grid_of_bits(b) / 2] * 3).max()
        for b in (bits - 1, bits)
    ]
    assert bounds[1] <= 0.01 < bounds[0]


def test_bounds_of_single_precision_weights_are_told_in_double():
    layers = [
        layer._replace(weights=layer.weights.astype(np.float32))
        for layer in network(np.random.default_rng(0))
    ]
    doubles = [layer._replace(weights=layer.weights.astype(np.float64)) for layer in layers]
    for told, exact in (
        (fep_of_synapses(layers, [1, 1, 1, 1], 0.3), fep_of_synapses(doubles, [1, 1, 1, 1], 0.3)),
        (fep_of_precision(layers, [0.1] * 3), fep_of_precision(doubles, [0.1] * 3)),
    ):
        assert (told == exact).all()
    assert np.isfinite(fep_of_synapses(layers, [1, 1, 1, 1], 1e300)).all()


@pytest.mark.parametrize(
    ("faults", "capacity", "message"),
    [
        ([33, 0, 0, 0], 1.0, "32 synapses, of which 0 to 32 can break, lead into layer 'layer 0'"),
        ([1, 0, 0], 1.0, "one number for each of 4 layers"),
        ([1, 0, 0, 0], np.inf, "greatest_signals"),
    ],
)
def test_synapses_that_cannot_break_are_refused(faults, capacity, message):
    layers = network(np.random.default_rng(0))
    for bound in (fep_of_synapses, fep_of_synapses_by_matrices):
        with pytest.raises(InvalidConfig, match=message):
            bound(layers, faults, capacity)


def test_precision_that_cannot_be_is_refused():
    layers = network(np.random.default_rng(0))
    with pytest.raises(InvalidConfig, match="a tolerance is a number > 0"):
        bits_for(layers, 0.0)
    for bits in (0, 1.5, 53, 2000):  # more than numbers have
        with pytest.raises(InvalidConfig, match=f"1 to 52 bits, got {bits}"):
            grid_of_bits(bits)
    with pytest.raises(InvalidConfig, match="finite number > 0, got 0"):
        grid_of_bits(8, reach=0.0)
    for errors in ([0.1], [0.1, -0.1, 0.1]):
        with pytest.raises(InvalidConfig, match="each of 3 hidden layers"):
            fep_of_precision(layers, errors)
