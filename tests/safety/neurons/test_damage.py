"""Damage: what broken neurons and synapses send, one row at a time or many."""

import numpy as np
import pytest

from rallypoint.errors import InvalidConfig, UnknownName
from rallypoint.networks import Broken, Cut, Failed, Layer
from rallypoint.safety.neurons.activations import ACTIVATIONS, activation
from rallypoint.safety.neurons.damage import check_plan, signals_of
from rallypoint.safety.neurons.flat import laid_flat
from rallypoint.safety.neurons.passing import Passage
from rallypoint.safety.neurons.plans import cutting, failing, lowest, rounding
from tests.safety.random_networks import SIZES, masks, network, observations


def by_hand(layers, row, plan):
    """Compute what each layer sends of one row of a plan of row-wise masks, neuron by neuron."""
    signals, nominal, sent = row, row, []
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
        sent.append(signals)
    return sent


def assert_as_by_hand(layers, seen, plan, **close):
    found = signals_of(layers, seen, plan)
    for place, row in enumerate(seen):
        for layer, expected in zip(found, by_hand(layers, row, row_of(plan, place)), strict=True):
            assert np.allclose(layer[place], expected, **close)


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
    assert_as_by_hand(layers, seen, plan, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize(
    "counts", [(2, 0, 3), (0, 2, 0), (0, 0, 1), (8, 6, 5), (1, 1, 0), (1, 6, 1), (8, 1, 5)], ids=str
)
def test_who_lies_beside_a_signal_lies_beside_that_of_the_undamaged_network(counts, name, dtype):
    rng = np.random.default_rng(9)
    layers = network(rng, activation=name)
    seen = observations(rng, layers, rows=12).astype(dtype)
    failed = masks(rng, layers, counts, 12)
    lies = [3 * rng.standard_normal(mask.shape) for mask in failed]
    close = {"rtol": 1e-9, "atol": 1e-12} if dtype is np.float64 else {"rtol": 1e-3, "atol": 1e-4}
    assert_as_by_hand(layers, seen, failing(failed, lies, beside=True), **close)


@pytest.mark.parametrize("crashed", [0, 1, 2])
def test_lies_beside_a_signal_in_a_network_that_is_broken_otherwise_too(crashed):
    rng = np.random.default_rng(10)
    layers = network(rng)
    seen = observations(rng, layers, rows=12)
    beside = failing(masks(rng, layers, [2, 2, 2], 12), 0.5, beside=True)
    crash = failing(masks(rng, layers, [2, 2, 2], 12), 0.0)
    plan = (*beside[:crashed], crash[crashed], *beside[crashed + 1 :])
    assert_as_by_hand(layers, seen, plan, rtol=1e-9, atol=1e-12)
    rounded = (*beside[:crashed], Broken(grid=0.25), *beside[crashed + 1 :])
    assert_as_by_hand(layers, seen, rounded, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("into", range(4))
def test_lies_beside_a_signal_where_synapses_are_cut_too(into):
    rng = np.random.default_rng(11)
    layers = network(rng)
    seen = observations(rng, layers, rows=12)
    beside = failing(masks(rng, layers, [2, 2, 2], 12), 0.5, beside=True)
    ids = rng.random((12, layers[into].weights.size)).argsort(axis=1)[:, :6]
    cut = cutting([layers[into]], [ids])[0].synapses
    plan = tuple(
        part._replace(synapses=cut if place == into else None) for place, part in enumerate(beside)
    )
    assert_as_by_hand(layers, seen, plan, rtol=1e-9, atol=1e-12)


class Counted:
    """A network of ones that counts how often a layer is computed beside the broken one."""

    def __init__(self):
        self.beside = 0

    def sums(self, signals, index, *, intact=False):
        self.beside += intact
        return self.weighed(signals, index)

    def weighed(self, signals, index):
        return signals @ np.ones((3, 3))

    def bent(self, sums, index, *, intact=False):
        return np.tanh(sums)


@pytest.mark.parametrize(
    ("where", "beside"),
    [([0], 0), ([0, 1], 0), ([3], 0), ([2, 3], 0), ([0, 2], 1), ([0, 1, 2, 3], 2)],
    ids=str,
)
def test_the_undamaged_network_is_computed_no_further_than_must_be(where, beside):
    ones = [Layer(str(i), np.ones((3, 3)), np.zeros(3), "tanh") for i in range(5)]
    masks = [np.arange(3) < (1 if i in where else 0) for i in range(4)]
    flat = laid_flat(failing(masks, 0.5, beside=True), ones, 7, np.dtype(float))
    network = Counted()
    Passage(network, flat).outputs(np.ones((7, 3)))
    assert network.beside == beside


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
