"""Fep: never violated, attained where the paper says, and no looser than it must be."""

import itertools

import numpy as np
import pytest

from rallypoint.errors import InvalidConfig
from rallypoint.networks import Layer
from rallypoint.safety.certificates import neuron_faults
from rallypoint.safety.certificates.interval_bounds import greatest_signals
from rallypoint.safety.certificates.neuron_faults import (
    capacities,
    fep,
    fep_at,
    fep_by_matrices,
    most_faults,
    unmoved,
    worst_by_matrices,
    worst_split,
)
from rallypoint.safety.neurons.activations import activation
from rallypoint.safety.neurons.damage import signals_of
from rallypoint.safety.neurons.duplicates import duplicated
from rallypoint.safety.neurons.plans import failing
from tests.safety.random_networks import masks, network, observations, some_faults

SEEDS = range(60)


def closed_form(layers, faults, capacity):
    """Return Fep of the first output, as the sum over layers that the paper states."""
    *hidden, end = layers
    total = 0.0
    for place, failed in enumerate(faults):
        path = capacity * failed * np.abs(end.weights[0]).max()
        for behind, gone in zip(hidden[place + 1 :], faults[place + 1 :], strict=True):
            slope = activation(behind.activation).steepest
            path *= (len(behind.weights) - gone) * slope * np.abs(behind.weights).max()
        total += path
    return total


@pytest.mark.parametrize("name", ["tanh", "sigmoid"])
@pytest.mark.parametrize("seed", range(10))
def test_the_recursion_is_the_closed_form(seed, name):
    rng = np.random.default_rng(seed)
    layers = network(rng, activation=name)
    faults = some_faults(rng, layers)
    assert np.isclose(fep(layers, faults, 1.7)[0], closed_form(layers, faults, 1.7), rtol=1e-9)


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "relu"])
@pytest.mark.parametrize("kind", ["crash", "byzantine"])
@pytest.mark.parametrize("seed", SEEDS)
def test_no_output_moves_by_more_than_any_bound(seed, kind, name):
    rng = np.random.default_rng(seed + 1000)
    layers = network(rng, activation=name)
    faults, seen = some_faults(rng, layers), observations(rng, layers)
    failed = masks(rng, layers, faults, len(seen))
    if kind == "crash":
        capacity = greatest_signals(layers, (seen.min(axis=0), seen.max(axis=0)))
        plan = failing(failed, 0.0)
    else:
        capacity = 2.0
        sent = [capacity * rng.choice([-1.0, 1.0], mask.shape) for mask in failed]
        plan = failing(failed, sent, beside=True)
    moved = np.abs(signals_of(layers, seen, plan)[-1] - signals_of(layers, seen)[-1])
    published, whole = fep(layers, faults, capacity), fep_by_matrices(layers, faults, capacity)
    known = fep_at(layers, failed, capacity)  # (rows, K)
    slack = 1 + 1e-12
    assert (moved <= slack * known + 1e-12).all()
    assert (known <= slack * whole + 1e-12).all()
    assert (whole <= slack * published).all()


def test_neurons_that_all_push_one_way_attain_the_bound():
    capacity, failed, weight = 2.0, 3, 0.7
    layers = (
        Layer("hidden", np.full((5, 2), 50.0), np.zeros(5), "tanh"),
        Layer("end", np.full((1, 5), weight), np.zeros(1), "identity"),
    )
    seen = np.ones((1, 2))
    gone = [np.arange(5) < failed]
    healthy = signals_of(layers, seen)[-1]
    byzantine = signals_of(layers, seen, failing(gone, capacity, beside=True))[-1]
    crashed = signals_of(layers, seen, failing(gone, 0.0))[-1]
    assert np.isclose(byzantine - healthy, fep(layers, [failed], capacity))
    assert np.isclose(healthy - crashed, fep(layers, [failed], 1.0))


def test_neurons_that_send_beside_what_is_corrupt_already_are_outside_the_budget():
    # The bound is about what differs from the healthy network; an error on top of an error is more.
    layers = (
        Layer("first", np.ones((1, 1)), np.zeros(1), "identity"),
        Layer("second", np.ones((1, 1)), np.zeros(1), "identity"),
        Layer("end", np.ones((1, 1)), np.zeros(1), "identity"),
    )
    gone = [np.array([True]), np.array([True])]
    moved = signals_of(layers, np.zeros((1, 1)), failing(gone, 1.0, beside=True))[-1]
    assert moved == fep(layers, [1, 1], 1.0) == 1.0  # and not 2


def test_without_faults_nothing_moves():
    layers = network(np.random.default_rng(0))
    assert (fep(layers, [0, 0, 0], 3.0) == 0).all()
    assert (fep_by_matrices(layers, [0, 0, 0], 3.0) == 0).all()


def test_one_more_fault_can_be_less():
    # A failed neuron passes nothing on, and what it passed on can be more than its capacity.
    layers = network(np.random.default_rng(3), sizes=(3, 6, 6, 2), spread=3.0)
    assert (fep(layers, [6, 6], 1.0) < fep(layers, [6, 0], 1.0)).all()


@pytest.mark.parametrize("seed", range(20))
def test_the_worst_split_is_the_worst_of_all_splits(seed):
    rng = np.random.default_rng(seed)
    layers = network(rng, sizes=(3, 4, 3, 5, 2), spread=float(rng.uniform(0.1, 2)))
    total = int(rng.integers(0, 13))
    every = itertools.product(range(5), range(4), range(6))
    possible = [faults for faults in every if sum(faults) <= total]
    worst = max(fep(layers, faults, 1.5).max() for faults in possible)
    found = worst_split(layers, total, 1.5)
    assert np.isclose(found.bound, worst)
    assert np.isclose(fep(layers, found.faults, 1.5).max(), worst)
    whole = np.max([fep_by_matrices(layers, faults, 1.5) for faults in possible], axis=0)
    assert (worst_by_matrices(layers, total, 1.5) >= whole * (1 - 1e-12)).all()


@pytest.mark.parametrize("seed", range(10))
def test_as_many_may_fail_as_no_split_of_them_passes_the_tolerance(seed):
    # Of some spreads more faults in a layer move outputs less: what counts is the worst of fewer.
    rng = np.random.default_rng(seed)
    layers = network(rng, sizes=(3, 3, 4, 2), spread=float(rng.uniform(0.1, 2)))
    bounds = {
        faults: fep(layers, faults, 1.5).max() for faults in itertools.product(range(4), range(5))
    }
    worst = [max(bounds[at] for at in bounds if sum(at) <= total) for total in range(8)]
    for tolerance in (0.0, *worst, worst[2] * 0.999, worst[-1] * 2):
        expected = max(total for total in range(8) if worst[total] <= tolerance * (1 + 1e-12))
        assert most_faults(layers, tolerance * (1 + 1e-12), 1.5) == expected


def test_how_many_may_fail_is_searched_for_once_however_large_the_network(monkeypatch):
    layers = network(np.random.default_rng(0), sizes=(25, 256, 256, 5), spread=0.01)
    asked = []
    monkeypatch.setattr(
        neuron_faults, "capacities", lambda *of: asked.append(of) or capacities(*of)
    )
    most = most_faults(layers, 0.5, 1.0)
    assert len(asked) == 1
    assert worst_split(layers, most, 1.0).bound <= 0.5 < worst_split(layers, most + 1, 1.0).bound


@pytest.mark.parametrize("seed", range(10))
def test_single_precision_does_not_round_the_worst_split_down(seed):
    rng = np.random.default_rng(seed)
    layers = [
        layer._replace(weights=layer.weights.astype(np.float32))
        for layer in network(rng, sizes=(3, 7, 6, 5, 2))
    ]
    found = worst_split(layers, 9, 1.5)
    assert np.isclose(found.bound, fep(layers, found.faults, 1.5).max(), rtol=1e-14, atol=0)


@pytest.mark.parametrize("seed", range(10))
def test_by_matrices_the_worst_neurons_are_taken(seed):
    rng = np.random.default_rng(seed)
    layers = network(rng, sizes=(3, 5, 4, 2), spread=0.2)
    bounds = [
        fep_at(layers, [np.isin(np.arange(5), first), np.isin(np.arange(4), second)], 1.0)
        for first in itertools.combinations(range(5), 2)
        for second in itertools.combinations(range(4), 1)
    ]
    whole = fep_by_matrices(layers, [2, 1], 1.0)
    # Exact, but for what a failed neuron no longer passes on.
    assert (np.max(bounds, axis=0) <= whole * (1 + 1e-12)).all()
    alone = [
        fep_at(layers, [np.isin(np.arange(5), first), np.zeros(4, bool)], 1.0)
        for first in itertools.combinations(range(5), 2)
    ]
    assert np.allclose(np.max(alone, axis=0), fep_by_matrices(layers, [2, 0], 1.0))


@pytest.mark.parametrize("times", [2, 5])
def test_a_layer_that_is_there_several_times_bears_several_times_the_faults(times):
    rng = np.random.default_rng(7)
    layers = network(rng, sizes=(4, 9, 2))
    more = duplicated(layers, 0, times)
    seen = observations(rng, layers)
    assert np.allclose(signals_of(more, seen)[-1], signals_of(layers, seen)[-1])
    assert np.allclose(fep(more, [3 * times], 1.0), fep(layers, [3], 1.0))
    tolerance = float(fep(layers, [3], 1.0).max()) * (1 + 1e-9)
    assert most_faults(layers, tolerance, 1.0) == 3
    assert most_faults(more, tolerance, 1.0) == 3 * times


@pytest.mark.parametrize("times", [0, 2.5, float("nan"), float("inf")])
def test_a_layer_is_there_a_whole_number_of_times(times):
    with pytest.raises(InvalidConfig, match="a whole number of times; got layer 0"):
        duplicated(network(np.random.default_rng(0)), 0, times)


@pytest.mark.parametrize("one", [np.float32(0.5), np.float64(0.5), np.array(0.5)])
def test_a_capacity_may_be_a_number_of_numpys(one):
    layers = network(np.random.default_rng(0))
    assert (fep(layers, [1, 2, 1], one) == fep(layers, [1, 2, 1], 0.5)).all()
    by_layer = [one, np.full(6, 0.5), one]
    assert (fep(layers, [1, 2, 1], by_layer) == fep(layers, [1, 2, 1], 0.5)).all()


def test_a_choice_stands_while_no_bound_reaches_over_its_margin():
    outputs = np.array([[1.0, 0.0], [0.5, 0.0], [0.0, 0.6]])
    assert unmoved(outputs, np.array([0.25, 0.3])).tolist() == [True, False, True]
    assert not unmoved(np.zeros((1, 3)), np.zeros(3))  # a tie is no margin


@pytest.mark.parametrize("seed", range(10))
def test_the_action_of_a_certified_state_stands_whatever_fails(seed):
    rng = np.random.default_rng(seed)
    layers = network(rng, sizes=(4, 60, 3))
    seen = observations(rng, layers, rows=200, spread=2.0)
    outputs = signals_of(layers, seen)[-1]
    certified = unmoved(outputs, fep_by_matrices(layers, [1], 1.0))
    assert certified.any()
    for neuron in range(60):
        moved = signals_of(layers, seen, failing([np.arange(60) == neuron], 0.0))[-1]
        assert (moved.argmax(axis=1) == outputs.argmax(axis=1))[certified].all()


@pytest.mark.parametrize(
    ("faults", "capacity", "message"),
    [
        ([9, 0, 0], 1.0, "'layer 0' has 8 neurons, of which 0 to 8 can fail, got 9"),
        ([-1, 0, 0], 1.0, "got -1"),
        ([1, 0], 1.0, "one number for each of 3 hidden layers"),
        ([1, 0, 0], np.inf, "finite number >= 0"),
        ([1, 0, 0], -1.0, "finite number >= 0"),
        ([1, 0, 0], [1.0, 1.0], "one entry for each of 3"),
    ],
)
def test_faults_that_cannot_be_are_refused(faults, capacity, message):
    layers = network(np.random.default_rng(0))
    for bound in (fep, fep_by_matrices):
        with pytest.raises(InvalidConfig, match=message):
            bound(layers, faults, capacity)


def test_more_faults_than_neurons_in_all_are_refused():
    for total in (20, 2.5):
        with pytest.raises(InvalidConfig, match=r"19 hidden neurons, \[8, 6, 5\] by layer"):
            worst_split(network(np.random.default_rng(0)), total, 1.0)


def test_a_network_without_hidden_neurons_has_none_that_fail():
    with pytest.raises(InvalidConfig, match="without hidden layers"):
        fep(network(np.random.default_rng(0), sizes=(4, 2)), [], 1.0)
