"""Rules that compare no two updates get no more than what they ask for, and answer the same."""

from dataclasses import replace

import numpy as np
import pytest

from rallypoint.safety.aggregation import Aggregator, Context, aggregators, kernels
from rallypoint.safety.aggregation.kernels import GRID
from rallypoint.safety.aggregation.parts import SpanRule
from rallypoint.safety.aggregation.updates import InMemory, Sampled, Updates

N, D, F = 13, 2 * GRID + 77, 3
RADIAL = sorted(
    name
    for name, kind in aggregators.items()
    if issubclass(kind, SpanRule) and kind().radial  # all have defaults
)


@pytest.fixture
def updates():
    drawn = np.random.default_rng(0).standard_normal((N, D)).astype(np.float32)
    drawn[:F] *= 3
    return drawn + 0.3


def context(updates):
    return Context(
        rng=np.random.default_rng(1),
        trusted=[7, 4],
        root=updates[5] + 0.1,
        previous=np.zeros(D, np.float32),
        scores=np.arange(N, 0, -1.0),
    )


def test_these_rules_compare_no_two_updates():
    assert {"aksel", "cge", "centered_clipping", "fltrust", "monna", "zeno"} <= set(RADIAL)
    assert not Aggregator.parse("centered_clipping", steps=2).parts[0].radial


@pytest.mark.parametrize("previous", [0, 1])
@pytest.mark.parametrize("name", RADIAL)
def test_they_answer_as_with_all_products(name, previous, updates, monkeypatch):
    given = replace(context(updates), previous=np.full(D, previous, np.float32))
    given_again = replace(given, rng=np.random.default_rng(1))
    few = Aggregator.parse(name)(updates, F, context=given)
    grams = []
    whole = Updates.gram
    monkeypatch.setattr(aggregators[name], "radial", False)
    monkeypatch.setattr(Updates, "gram", lambda *args: grams.append(1) or whole(*args))
    np.testing.assert_allclose(
        Aggregator.parse(name)(updates, F, context=given_again), few, rtol=1e-4, atol=1e-6
    )
    assert grams


@pytest.mark.parametrize("name", RADIAL)
def test_they_take_no_gram_unless_something_is_wrong(name, updates, monkeypatch):
    monkeypatch.setattr(Sampled, "gram", Updates.gram)  # of drawn columns
    monkeypatch.setattr(Updates, "gram", lambda *_: pytest.fail("a Gram matrix"))
    aggregator = Aggregator.parse(name + "(columns=50)" * (name == "dnc"))
    aggregator(updates, F, context=context(updates))
    monkeypatch.undo()
    updates[1, 5], updates[2, D - 1] = np.nan, np.inf
    explained = aggregator.explain(updates, F, context=context(updates))
    assert explained.left_out.tolist() == [1, 2]
    assert np.isfinite(aggregator(updates, F, context=context(updates))).all()


@pytest.mark.parametrize("d", [200, GRID + 100])
def test_lengths_are_compared_precisely_far_from_the_origin(d):
    for seed in range(40):
        noise = np.random.default_rng(seed).standard_normal((20, d))
        drawn = (1000 + 0.1 * noise).astype(np.float32)
        drawn[3] = 1e6
        shortest = np.argsort((drawn.astype(np.float64) ** 2).sum(axis=1), kind="stable")[:16]
        found = Aggregator.parse("cge").explain(drawn, 4).believed
        assert found.tolist() == sorted(shortest.tolist())


def test_a_centre_among_far_lies_is_noticed():
    drawn = np.random.default_rng(0).standard_normal((20, 3000)).astype(np.float32)
    drawn[:4] += 1e6
    drawn[:4, :512] = drawn[4:, :512].mean(axis=0)  # what most are near to, on the sample
    shortest = np.argsort((drawn[4:].astype(np.float64) ** 2).sum(axis=1))[:12] + 4
    found = Aggregator.parse("cge").explain(drawn, 8).believed
    assert found.tolist() == sorted(shortest.tolist())


def test_a_mean_that_the_sample_does_not_show_is_noticed():
    for seed in range(10):
        drawn = np.random.default_rng(seed).standard_normal((20, 3000)).astype(np.float32)
        drawn[:, 512:] += 1e6
        shortest = np.argsort((drawn.astype(np.float64) ** 2).sum(axis=1), kind="stable")[:16]
        found = Aggregator.parse("cge").explain(drawn, 4).believed
        assert found.tolist() == sorted(shortest.tolist())


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("hubs", [[2], [6], [6, 2], [3, 7, 0]])
def test_spokes_are_rows_of_the_gram(hubs, dtype, updates):
    points = updates[:6].astype(dtype)
    anchors = [
        lambda _, width, __: np.zeros(width, np.float32),
        lambda start, width, _: np.full(width, 0.7 + start / D, np.float32),
    ]
    source = InMemory(points).taking(np.arange(6), anchors)
    products, expected = source.spokes(hubs[0], hubs[1:]), source.gram(hubs[0])
    np.testing.assert_allclose(products[hubs], expected[hubs], rtol=1e-5, atol=1e-2)
    np.testing.assert_allclose(products.diagonal(), expected.diagonal(), rtol=1e-5)
    assert products[hubs].T.tobytes() == products[:, hubs].copy().tobytes()
    others = np.setdiff1d(np.arange(8), hubs)
    between = products[np.ix_(others, others)]
    assert np.isnan(between[~np.eye(len(others), dtype=bool)]).all()


@pytest.mark.parametrize("centre", [None, 5])
@pytest.mark.parametrize("order", ["C", "F"])
def test_spokes_have_the_same_bits_in_blocks(order, centre, updates):
    whole = InMemory(np.asarray(updates, order=order)).spokes(centre, [0, 3])
    pieces = np.split(updates, [5, GRID - 1, GRID + 900], axis=1)
    found = kernels.spokes(
        (
            kernels.Piece(start, block, block[:0])
            for start, block in kernels.on_grid(np.asarray(p, order=order) for p in pieces)
        ),
        centre,
        [0, 3],
    ).total()
    others = np.arange(N) != 3
    assert found[2, others].tobytes() == whole[3, others].tobytes()
    assert found[0].tobytes() == whole.diagonal().tobytes()
