"""Layers that do not wait for their slowest neurons."""

import numpy as np
import pytest

from rallypoint.errors import InvalidConfig
from rallypoint.safety.certificates.neuron_faults import fep_by_matrices
from rallypoint.safety.neurons.boosting import boosted
from rallypoint.safety.neurons.damage import signals_of
from tests.safety.random_networks import network, observations


def scene(rows=200):
    rng = np.random.default_rng(2)
    layers = network(rng)
    latencies = [rng.exponential(size=(rows, len(layer.weights))) for layer in layers[:-1]]
    return layers, observations(rng, layers, rows), latencies


def test_nobody_is_left_out_unless_that_is_said():
    layers, seen, latencies = scene()
    found = boosted(layers, seen, latencies, [0, 0, 0])
    assert (found.outputs == signals_of(layers, seen)[-1]).all()
    assert (found.times == found.waiting).all()


def test_the_slowest_are_left_out_and_what_is_lost_is_bounded():
    layers, seen, latencies = scene()
    found = boosted(layers, seen, latencies, [2, 1, 1])
    sorted_by_time = [np.sort(taken, axis=1) for taken in latencies]
    places = (5, 4, 3)  # of the last neuron that is heard: N - f, from 0
    expected = sum(taken[:, at] for taken, at in zip(sorted_by_time, places, strict=True))
    assert np.allclose(found.times, expected)
    assert np.allclose(found.waiting, sum(taken[:, -1] for taken in sorted_by_time))
    moved = np.abs(found.outputs - signals_of(layers, seen)[-1])
    assert (moved <= fep_by_matrices(layers, [2, 1, 1], 1.0)).all()
    assert moved.max() > 0


def test_a_layer_that_waits_for_nobody_takes_no_time():
    layers, seen, latencies = scene()
    assert (boosted(layers, seen, latencies, [8, 6, 5]).times == 0).all()


def test_more_cannot_be_left_out_than_there_are():
    layers, seen, latencies = scene()
    with pytest.raises(InvalidConfig, match="8 neurons, of which 0 to 8 can fail, got 9"):
        boosted(layers, seen, latencies, [9, 0, 0])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda told: told[:2], r"\[\(200, 8\), \(200, 6\), \(200, 5\)\], got"),
        # Fewer neurons than there are: another one would have been left out.
        (lambda told: [told[0][:, :3], *told[1:]], r"got \[\(200, 3\)"),
        (lambda told: [told[0], -told[1], told[2]], "numbers >= 0, and some are not"),
        (lambda told: [*told[:2], told[2] * np.nan], "numbers >= 0, and some are not"),
    ],
)
def test_latencies_of_another_network_or_none_are_refused(change, message):
    layers, seen, latencies = scene()
    with pytest.raises(InvalidConfig, match=message):
        boosted(layers, seen, change(latencies), [1, 0, 0])
