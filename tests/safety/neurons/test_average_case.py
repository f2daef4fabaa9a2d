"""The average case, beside what crashes really do on average."""

import numpy as np
import pytest

from rallypoint.errors import InvalidConfig
from rallypoint.safety.neurons.average_case import Shift, first_order, one_at_a_time
from rallypoint.safety.neurons.damage import signals_of
from rallypoint.safety.neurons.plans import failing
from tests.safety.random_networks import network, observations


def test_a_linear_network_of_one_layer_is_told_exactly():
    # Each neuron adds w_i x_i or nothing: mean -p sum, variance p (1 - p) sum of squares.
    rng = np.random.default_rng(0)
    layers = network(rng, sizes=(4, 30, 2), activation="identity")
    seen = observations(rng, layers, rows=5)
    each = signals_of(layers, seen)[0][:, None] * layers[1].weights  # (rows, K, N)
    for shift in (first_order(layers, seen, 0.01), one_at_a_time(layers, seen, 0.01)):
        assert np.allclose(shift.mean, -0.01 * each.sum(axis=-1))
        assert np.allclose(shift.std, np.sqrt(0.01 * np.square(each).sum(axis=-1)))


@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 5, 1), ()])
@pytest.mark.parametrize("told", [first_order, one_at_a_time])
def test_inputs_of_another_network_are_refused(told, shape):
    layers = network(np.random.default_rng(0), sizes=(4, 5, 2))
    with pytest.raises(InvalidConfig, match=r"inputs are rows of 4 numbers, .*\(rows, 4\), got \("):
        told(layers, np.zeros(shape), 0.01)


@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
def test_wide_layers_move_on_average_as_told(activation):
    rng = np.random.default_rng(1)
    spread = 1 / np.sqrt(200)
    layers = network(rng, sizes=(6, 200, 200, 2), activation=activation, spread=spread)
    seen = observations(rng, layers, rows=1, spread=3.0)
    healthy = signals_of(layers, seen)[-1]
    trials = np.repeat(seen, 20_000, axis=0)
    gone = [rng.random((len(trials), 200)) < 0.01 for _ in range(2)]
    moved = signals_of(layers, trials, failing(gone, 0.0))[-1] - healthy
    error = moved.std(axis=0) / np.sqrt(len(trials))
    for told in (first_order(layers, seen, 0.01), one_at_a_time(layers, seen, 0.01)):
        assert (np.abs(moved.mean(axis=0) - told.mean[0]) < 5 * error + 0.03 * told.std[0]).all()
        assert np.allclose(moved.std(axis=0), told.std[0], rtol=0.05)


def test_slopes_agree_with_crashes_where_one_neuron_matters_little():
    rng = np.random.default_rng(3)
    layers = network(rng, sizes=(4, 100, 100, 3), spread=0.1)
    seen = observations(rng, layers, rows=8)
    slopes, crashes = first_order(layers, seen, 0.02), one_at_a_time(layers, seen, 0.02)
    assert np.allclose(slopes.std, crashes.std, rtol=0.02)


def test_chebyshev_limits_what_is_left_beyond_the_mean():
    shift = Shift(np.array([[0.0, -0.5, 2.0, 0.0]]), np.array([[0.1, 0.1, 0.1, 0.0]]))
    assert np.allclose(shift.chance_beyond(1.0), [[0.01, 0.04, 1.0, 0.0]])


def test_a_probability_that_is_none_is_refused():
    layers = network(np.random.default_rng(0))
    with pytest.raises(InvalidConfig, match=r"lies in \[0, 1\], got 1.5"):
        first_order(layers, np.zeros((1, 4)), 1.5)
