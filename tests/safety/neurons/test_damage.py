"""Damage: what broken neurons and synapses send, one row at a time or many."""

import numpy as np
import pytest

from rallypoint.errors import InvalidConfig, UnknownName
from rallypoint.networks import Broken, Cut, Failed
from rallypoint.safety.neurons.activations import ACTIVATIONS, activation
from rallypoint.safety.neurons.damage import check_plan, signals_of
from rallypoint.safety.neurons.plans import cutting, failing, lowest, rounding
from tests.safety.random_networks import SIZES, masks, network, observations


def by_hand(layers, row, plan):
    """Compute one row of a plan of row-wise masks, neuron by neuron."""
    signals, nominal = row, row
    for layer, broken in zip(layers, plan, strict=True):
        bends = activation(layer.activation).values
        weights = layer.weights
        carried = np.tile(signals, (len(weights), 1))  # (receivers, senders)
        if broken.synapses is not None:
            for receiver, sender, keeps, adds in zip(*broken.synapses, strict=True):
                carried[receiver, sender] = keeps * signals[sender] + adds
        nominal = bends(weights @ nominal + layer.biases)
        signals = bends((weights * carried).sum(axis=1) + layer.biases)
        if broken.grid:
            signals = np.round(signals / broken.grid) * broken.grid
        if broken.neurons is not None:
            where, sends, beside = broken.neurons
            signals = np.where(where, sends + (nominal if beside else 0), signals)
    return signals


def row_of(plan, row):
    def part(made):
        return (
            None
            if made is None
            else type(made)(*(x if isinstance(x, bool) else x[row] for x in made))
        )

    return tuple(Broken(part(b.neurons), part(b.synapses), b.grid) for b in plan)


@pytest.mark.parametrize("beside", [False, True])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_many_rows_are_computed_as_each_is_by_hand(name, beside):
    rng = np.random.default_rng(4)
    layers = network(rng, activation=name)
    seen = observations(rng, layers, rows=12)
    failed = masks(rng, layers, [2, 0, 3], 12)
    neurons = failing(failed, [rng.standard_normal(mask.shape) for mask in failed], beside=beside)
    ids = [rng.random((12, layer.weights.size)).argsort(axis=1)[:, :4] for layer in layers]
    lies = cutting(layers, ids, [rng.standard_normal(part.shape) for part in ids])
    plan = tuple(
        Broken(a.neurons, b.synapses, 0.0 if layer is layers[-1] else 0.25)
        for a, b, layer in zip(neurons, lies, layers, strict=True)
    )
    found = signals_of(layers, seen, plan)[-1]
    expected = [by_hand(layers, row, row_of(plan, place)) for place, row in enumerate(seen)]
    assert np.allclose(found, expected, rtol=1e-9, atol=1e-12)


def test_what_is_broken_for_all_rows_is_broken_in_each():
    rng = np.random.default_rng(5)
    layers = network(rng)
    seen = observations(rng, layers)
    failed = [mask[0] for mask in masks(rng, layers, [2, 1, 0], 1)]
    wide = [np.tile(mask, (len(seen), 1)) for mask in failed]
    ids = [np.array([0, 5]) for _ in layers]
    for once, each in (
        (failing(failed, 0.5), failing(wide, 0.5)),
        (cutting(layers, ids), cutting(layers, [np.tile(part, (len(seen), 1)) for part in ids])),
    ):
        assert (signals_of(layers, seen, once)[-1] == signals_of(layers, seen, each)[-1]).all()


def test_a_cut_synapse_is_a_weight_of_nothing():
    rng = np.random.default_rng(6)
    layers = network(rng)
    seen = observations(rng, layers)
    without = list(layers)
    weights = layers[1].weights.copy()
    weights[2, 3] = 0
    without[1] = layers[1]._replace(weights=weights)
    ids = [np.array([], dtype=int) for _ in layers]
    ids[1] = np.array([2 * SIZES[1] + 3])
    cut = signals_of(layers, seen, cutting(layers, ids))[-1]
    assert np.allclose(cut, signals_of(without, seen)[-1], atol=1e-12)


def test_nothing_that_comes_in_is_written_to():
    rng = np.random.default_rng(7)
    layers = network(rng, activation="identity")
    seen = observations(rng, layers)
    before = seen.copy(), [layer.weights.copy() for layer in layers]
    signals_of(layers, seen, failing([np.ones(n, bool) for n in SIZES[1:-1]], 3.0))
    signals_of(layers, seen, rounding(layers, 0.5))
    assert (seen == before[0]).all()
    assert all((a.weights == b).all() for a, b in zip(layers, before[1], strict=True))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_are_as_steep_and_as_bounded_as_they_say(name):
    bends = activation(name)
    sums = np.linspace(-30, 30, 200_001)
    signals = bends.values(sums)
    slopes = np.diff(signals) / np.diff(sums)
    assert slopes.max() <= bends.steepest + 1e-6
    assert slopes.max() >= bends.steepest - 1e-3
    assert (slopes >= 0).all()
    assert bends.bound is None or np.isclose(np.abs(signals).max(), bends.bound)
    assert np.allclose(bends.slopes(signals)[1:], slopes, atol=0.51 if name == "relu" else 1e-3)


def test_an_unknown_activation_names_the_nearest():
    with pytest.raises(UnknownName, match="'tahn'; did you mean 'tanh'"):
        activation("tahn")


def test_the_lowest_keys_are_marked_in_each_row():
    keys = np.random.default_rng(8).random((50, 4, 9))
    for count in (0, 3, 9):
        marked = lowest(keys, count)
        assert (marked.sum(axis=-1) == count).all()
        if 0 < count < 9:
            most = np.where(marked, keys, 0).max(axis=-1)
            assert (most < np.where(marked, 1, keys).min(axis=-1)).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda plan: plan[:-1], "each of 4 layers"),
        (lambda plan: (*plan[:-1], Broken(grid=0.5)), "puts out, and what it sends"),
        (lambda plan: (Broken(grid=-1.0), *plan[1:]), "a grid is a finite number >= 0, got -1.0"),
        (
            lambda plan: (Broken(Failed(np.zeros(3, bool), np.zeros(3))), *plan[1:]),
            "'layer 0' has 8 neurons",
        ),
        (
            lambda plan: (Broken(synapses=Cut(*np.full((2, 1), 8), *np.zeros((2, 1)))), *plan[1:]),
            "join 4 signals, counted from 0, to 8 neurons; got 8..8",
        ),
    ],
)
def test_a_plan_that_breaks_what_is_not_there_is_refused(change, message):
    layers = network(np.random.default_rng(0))
    plan = tuple(Broken() for _ in layers)
    assert check_plan(layers, plan) is plan
    with pytest.raises(InvalidConfig, match=message):
        check_plan(layers, change(plan))
