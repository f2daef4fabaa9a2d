"""Interval bounds: nothing in the box escapes them, and what they promise of actions is kept."""

import numpy as np
import pytest

from rallypoint.errors import InvalidConfig
from rallypoint.networks import Layer
from rallypoint.safety.certificates.interval_bounds import (
    greatest_signals,
    interval_bounds,
    keeps_action,
)
from rallypoint.safety.neurons.activations import activation
from rallypoint.safety.neurons.damage import signals_of
from tests.safety.random_networks import network, observations

NAMES = ["tanh", "sigmoid", "relu"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", range(10))
def test_no_signal_of_anything_in_the_box_escapes(seed, name):
    rng = np.random.default_rng(seed)
    layers = network(rng, activation=name)
    low = rng.uniform(-2, 0, 4)
    high = low + rng.uniform(0, 2, 4)
    corners = np.indices((2,) * 4).reshape(4, -1).T
    inside = low + (high - low) * np.concatenate([corners, rng.random((500, 4))])
    bounds = interval_bounds(layers, low, high)
    for signals, (least, most) in zip(signals_of(layers, inside), bounds, strict=True):
        assert (signals >= least - 1e-12).all()
        assert (signals <= most + 1e-12).all()


@pytest.mark.parametrize("shape", [(3,), (2, 5), ()])
def test_a_box_of_another_network_is_refused(shape):
    layers = network(np.random.default_rng(0))
    with pytest.raises(InvalidConfig, match=r"an entry for each of 4 inputs, .* got \("):
        interval_bounds(layers, np.zeros(shape), np.ones(shape))


def test_a_single_layer_reaches_its_bounds():
    layers = (Layer("end", np.array([[2.0, -3.0]]), np.array([1.0]), "identity"),)
    [(low, high)] = interval_bounds(layers, np.array([-1.0, 0.0]), np.array([1.0, 2.0]))
    assert (low, high) == (-7.0, 3.0)


@pytest.mark.parametrize("seed", range(10))
def test_a_linear_choice_is_kept_exactly_as_far_as_it_truly_is(seed):
    rng = np.random.default_rng(seed)
    layers = network(rng, sizes=(3, 2))
    weights, biases = layers[0].weights, layers[0].biases
    seen = observations(rng, layers, rows=20)
    apart = weights[0] - weights[1]
    true = np.abs(seen @ apart + biases[0] - biases[1]) / np.abs(apart).sum()  # l_inf radius
    for row, radius in zip(seen, true, strict=True):
        assert keeps_action(layers, row[None], radius * (1 - 1e-9))
        assert not keeps_action(layers, row[None], radius * (1 + 1e-9))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", range(5))
def test_a_kept_action_is_kept_against_anything_tried(seed, name):
    rng = np.random.default_rng(seed)
    layers = network(rng, sizes=(4, 16, 3), activation=name)
    seen = observations(rng, layers, rows=100, spread=2.0)
    kept = keeps_action(layers, seen, 0.05)
    assert kept.any()
    actions = signals_of(layers, seen)[-1].argmax(axis=1)
    for _ in range(50):
        tried = seen + rng.choice([-0.05, 0.0, 0.05], seen.shape)
        assert (signals_of(layers, tried)[-1].argmax(axis=1) == actions)[kept].all()


@pytest.mark.parametrize("seed", range(5))
def test_without_a_budget_every_choice_but_a_tie_is_kept(seed):
    rng = np.random.default_rng(seed)
    layers = network(rng)
    assert keeps_action(layers, observations(rng, layers), 0.0).all()
    tie = (Layer("end", np.ones((2, 4)), np.zeros(2), "identity"),)
    assert not keeps_action(tie, observations(rng, layers), 0.0).any()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", range(3))
def test_what_a_network_of_few_digits_does_otherwise_is_never_kept(seed, name):
    """Between two observations, on either side of where it changes its mind."""
    rng = np.random.default_rng(seed)
    layers = tuple(
        layer._replace(
            weights=(4 * layer.weights).astype(np.float32), biases=layer.biases.astype(np.float32)
        )
        for layer in network(rng, sizes=(4, 32, 32, 3), activation=name)
    )

    def acts(seen):
        """Choose, in float32 throughout."""
        for layer in layers:
            bends = activation(layer.activation).values
            seen = bends(seen @ layer.weights.T + layer.biases).astype(np.float32)
        return seen.argmax(axis=1)

    here, there = rng.normal(size=(2, 2000, 4)).astype(np.float32)
    first = acts(here)
    differs = first != acts(there)
    here, there, first = here[differs], there[differs], first[differs]
    for _ in range(40):
        middle = (here + there) / 2
        stays = (acts(middle) == first)[:, None]
        here, there = np.where(stays, middle, here), np.where(stays, there, middle)
    near = np.concatenate([here, there])
    exact = signals_of(layers, near.astype(np.float64))[-1].argmax(axis=1)
    assert (exact != acts(near)).any()
    assert not (keeps_action(layers, near, 0.0) & (exact != acts(near))).any()
    away = rng.normal(size=(500, 4)).astype(np.float32)
    assert keeps_action(layers, away, 0.0).mean() > 0.99


def test_a_network_of_half_precision_is_as_far_off_as_its_digits_say():
    weights, biases = np.array([[1, 0], [1, 1]], np.float16), np.array([5e-5, 0], np.float16)
    seen = np.array([[1, 1e-4]], np.float16)
    assert (seen @ weights.T + biases).argmax() == 0  # a tie, in eleven bits
    for kind, is_kept in ((np.float16, False), (np.float32, True)):
        end = Layer("end", weights.astype(kind), biases.astype(kind), "identity")
        assert keeps_action([end], seen, 0.0).tolist() == [is_kept]


def test_bounded_neurons_need_no_box_and_others_do():
    rng = np.random.default_rng(0)
    assert [most.tolist() for most in greatest_signals(network(rng, (2, 3, 1)))] == [[1.0] * 3]
    with pytest.raises(InvalidConfig, match="relu, which has no bound of its own; give the box"):
        greatest_signals(network(rng, activation="relu"))


@pytest.mark.parametrize(
    ("low", "high", "message"),
    [
        ([0, 0, 0, 0], [1, 1, np.inf, 1], r"entry \[2\] goes from 0.0 to inf"),
        ([0, 0, 2, 0], [1, 1, 1, 1], "low <= high everywhere"),
        ([0, 0, np.nan, 0], [1, 1, 1, 1], "low <= high everywhere"),
    ],
)
def test_a_box_that_is_none_is_refused(low, high, message):
    with pytest.raises(InvalidConfig, match=message):
        interval_bounds(network(np.random.default_rng(0)), np.array(low), np.array(high))


@pytest.mark.parametrize("epsilon", [-0.1, np.nan, np.inf])
def test_a_budget_that_is_none_is_refused(epsilon):
    rng = np.random.default_rng(0)
    layers = network(rng)
    with pytest.raises(InvalidConfig, match="finite budget >= 0"):
        keeps_action(layers, observations(rng, layers), epsilon)
