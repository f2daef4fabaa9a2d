"""Drawn actions: what is called unchangeable is not changed by anything in the box."""

import numpy as np
import pytest

from rallypoint.errors import InvalidConfig
from rallypoint.safety.certificates.drawn_action import keeps_drawn_action
from rallypoint.safety.neurons.damage import signals_of
from tests.safety.random_networks import network, observations


def drawn(layers, seen, numbers):
    """Choose as policies do: actions in their order, each as wide as it is likely."""
    logits = signals_of(layers, seen)[-1]
    odds = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares = (odds / odds.sum(axis=-1, keepdims=True)).cumsum(axis=-1)
    return np.minimum((shares <= numbers[:, None]).sum(axis=-1), logits.shape[-1] - 1)


@pytest.mark.parametrize("name", ["tanh", "relu"])
@pytest.mark.parametrize("seed", range(5))
def test_a_kept_action_is_kept_against_anything_tried(seed, name):
    rng = np.random.default_rng(seed)
    layers = network(rng, sizes=(4, 16, 5), activation=name)
    seen = observations(rng, layers, rows=200, spread=2.0)
    numbers = rng.random(200)
    chosen = drawn(layers, seen, numbers)
    kept = keeps_drawn_action(layers, seen - 0.02, seen + 0.02, numbers, chosen)
    assert kept.any()
    assert not kept.all()
    corners = np.indices((2,) * 4).reshape(4, -1).T * 2.0 - 1
    for offset in [*corners, *rng.uniform(-1, 1, (50, 4))]:
        assert (drawn(layers, seen + 0.02 * offset, numbers) == chosen)[kept].all()


@pytest.mark.parametrize("seed", range(5))
def test_of_two_actions_and_one_layer_it_is_kept_exactly_as_far_as_it_truly_is(seed):
    rng = np.random.default_rng(seed)
    layers = network(rng, sizes=(3, 2))
    seen, numbers = observations(rng, layers, rows=30), rng.random(30)
    apart = layers[0].weights[0] - layers[0].weights[1]
    ahead = seen @ apart + layers[0].biases[0] - layers[0].biases[1]
    wanted = np.log(numbers / (1 - numbers))  # of the logits' difference, at which it changes
    radius = np.abs(ahead - wanted) / np.abs(apart).sum()
    chosen = drawn(layers, seen, numbers)
    for share, holds in ((0.999, True), (1.001, False)):
        far = (share * radius)[:, None]
        kept = keeps_drawn_action(layers, seen - far, seen + far, numbers, chosen)
        clear = radius > 0.3  # nearer than that, a thousandth is less than the slack
        assert (kept == holds)[clear].all()
        assert clear.any()


def test_a_number_at_an_edge_is_not_certified_and_one_in_the_middle_is():
    rng = np.random.default_rng(0)
    layers = network(rng, sizes=(3, 8, 4))
    seen = observations(rng, layers, rows=1)
    logits = signals_of(layers, seen)[-1][0]
    edges = (np.exp(logits) / np.exp(logits).sum()).cumsum()
    for action, edge in enumerate(edges[:-1]):
        for number, told in ((edge - 1e-7, action), (edge + 1e-7, action + 1)):
            assert not keeps_drawn_action(
                layers, seen, seen, np.array([number]), np.array([told])
            ).any()
    middles = (np.append(0, edges[:-1]) + edges) / 2
    for action, number in enumerate(middles):
        assert keeps_drawn_action(layers, seen, seen, np.array([number]), np.array([action])).all()


def in_float32(layers, seen, numbers, order):
    """Choose as policies do that compute in float32, with products summed in some order."""
    signals = seen.astype(np.float32)
    for layer in layers:
        places = order.permutation(signals.shape[1])
        products = signals[:, None, places] * layer.weights[:, places]
        sums = np.add.accumulate(products, axis=2)[..., -1] + layer.biases
        signals = sums if layer is layers[-1] else np.tanh(sums)
    shares = np.exp(signals - signals.max(axis=1, keepdims=True))
    logs = np.log(shares / shares.sum(axis=1, keepdims=True))
    upto = np.exp(logs).cumsum(axis=1)
    return np.minimum((upto <= numbers[:, None]).sum(axis=1), signals.shape[1] - 1)


@pytest.mark.parametrize("times", [1.0, 100.0, 10_000.0])
def test_what_is_kept_is_kept_by_networks_that_round_however_large_their_weights(times):
    rng = np.random.default_rng(0)
    made = network(rng, sizes=(4, 64, 3))
    large = made[-1].weights * times
    large[1:] = large[0] + rng.normal(0, 0.1, large[1:].shape)  # large logits, near to each other
    weights = [made[0].weights, large]
    layers = [
        layer._replace(weights=w.astype(np.float32), biases=layer.biases.astype(np.float32))
        for layer, w in zip(made, weights, strict=True)
    ]
    seen = observations(rng, layers, rows=2000).astype(np.float32).astype(np.float64)
    logits = signals_of([one._replace(weights=one.weights.astype(float)) for one in layers], seen)[
        -1
    ]
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    edges = (odds / odds.sum(axis=1, keepdims=True)).cumsum(axis=1)[:, 0]
    far = 10 ** rng.uniform(-5, -1, len(seen)) * rng.choice([-1, 1], len(seen))
    numbers = np.clip(edges + far, 0, 1 - 1e-9)
    chosen = drawn(layers, seen, numbers)
    kept = keeps_drawn_action(layers, seen, seen, numbers, chosen)
    for _ in range(20):
        assert (in_float32(layers, seen, numbers, rng) == chosen)[kept].all()
    if times < 10_000:
        assert kept.any()


def test_the_first_and_the_last_action_reach_to_the_ends():
    rng = np.random.default_rng(1)
    layers = network(rng, sizes=(3, 8, 4))
    seen = observations(rng, layers, rows=2)
    numbers = np.array([0.0, np.nextafter(1.0, 0)])
    assert keeps_drawn_action(layers, seen, seen, numbers, np.array([0, 3])).all()


def test_actions_and_boxes_that_are_none_are_refused():
    layers = network(np.random.default_rng(0), sizes=(3, 2))
    box = np.zeros((1, 3))
    with pytest.raises(InvalidConfig, match=r"actions are numbers in 0..1"):
        keeps_drawn_action(layers, box, box, np.zeros(1), np.array([2]))
    with pytest.raises(InvalidConfig, match="low <= high"):
        keeps_drawn_action(layers, box + 1, box, np.zeros(1), np.array([0]))
