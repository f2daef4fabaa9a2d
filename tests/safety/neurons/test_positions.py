"""Which neurons or synapses fail."""

import itertools

import numpy as np
import pytest

from rallypoint.safety.neurons.damage import signals_of
from rallypoint.safety.neurons.plans import across, cutting
from rallypoint.safety.neurons.positions import (
    among,
    marked,
    neurons_that_matter,
    spread,
    synapses_that_matter,
)
from tests.safety.random_networks import network, observations


def test_every_subset_is_as_likely_as_another():
    lots = np.random.default_rng(0).random((60_000, 2))
    chosen = np.sort(among(lots, 4), axis=1)
    for subset in itertools.combinations(range(4), 2):
        share = (chosen == subset).all(axis=1).mean()
        assert abs(share - 1 / 6) < 0.008  # 5 standard deviations


@pytest.mark.parametrize(("count", "total"), [(0, 5), (1, 1), (5, 5), (7, 9)])
def test_numbers_are_different_and_below_the_total(count, total):
    chosen = among(np.random.default_rng(1).random((20, 3, count)), total)
    assert chosen.shape == (20, 3, count)
    assert ((chosen >= 0) & (chosen < total)).all()
    assert (np.diff(np.sort(chosen, axis=-1)) > 0).all()


def test_what_is_chosen_is_marked_in_its_layer_and_has_its_value():
    chosen = np.array([[0, 4], [3, 2]])
    first, second = marked(chosen, [3, 2])
    assert first.tolist() == [[True, False, False], [False, False, True]]
    assert second.tolist() == [[False, True], [True, False]]
    values = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert spread(chosen, values, [3, 2])[1].tolist() == [[0.0, 2.0], [3.0, 0.0]]


def test_synapses_over_all_layers_are_those_of_each():
    rng = np.random.default_rng(2)
    layers = network(rng, sizes=(3, 4, 2))
    seen = observations(rng, layers, rows=1)
    chosen = np.array([[1, 12 + 5]])
    adds = np.array([[0.3, -0.4]])
    each = cutting(layers, [np.array([[1]]), np.array([[5]])], [adds[:, :1], adds[:, 1:]])
    found = signals_of(layers, seen, across(layers, chosen, 1.0, adds))[-1]
    assert np.allclose(found, signals_of(layers, seen, each)[-1])


def test_what_matters_most_moves_a_linear_network_most():
    rng = np.random.default_rng(3)
    layers = network(rng, sizes=(3, 5, 4, 2), activation="identity")
    seen = np.zeros((1, 3))
    healthy = signals_of(layers, seen)[-1]
    synapses = sum(layer.weights.size for layer in layers)
    moved = [
        np.abs(
            signals_of(layers, seen, across(layers, np.array([[place]]), 1.0, np.ones((1, 1))))[-1]
            - healthy
        ).max()
        for place in range(synapses)
    ]
    # The bound adds up paths without their signs, so it is met where there is only one.
    bound = synapses_that_matter(layers)
    assert (np.array(moved) <= bound + 1e-12).all()
    assert np.allclose(moved[-8:], bound[-8:])
    assert np.allclose(neurons_that_matter(layers)[-4:], np.abs(layers[-1].weights).max(axis=0))
