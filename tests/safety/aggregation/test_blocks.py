"""Blocks of columns, layers and shards: the same bits as one piece."""

import threading
import tracemalloc
from functools import partial
from itertools import pairwise

import numpy as np
import pytest

from rallypoint.errors import InvalidConfig, InvalidUpdates, TooManyByzantine
from rallypoint.safety.aggregation import (
    Aggregator,
    Context,
    aggregate,
    explain,
    order_statistics,
    shards,
)
from rallypoint.safety.aggregation.kernels import GRID
from rallypoint.safety.aggregation.updates import InMemory

D = 3 * GRID + 100
CUTS = [
    [0, D],
    [0, 1, 5, D],
    [0, GRID, 2 * GRID, 3 * GRID, D],
    [0, GRID + 1, 2 * GRID + 1, D - 1, D],
    [*range(0, D, 777), D],
]


@pytest.fixture
def updates(rng):
    updates = (5 + rng.standard_normal((11, D))).astype(np.float32)
    updates[9:] += 2
    return updates


def context(updates, seed=0):
    return Context(
        rng=np.random.default_rng(seed),
        root=updates[0],
        previous=updates[1],
        layout=[GRID + 3, D - GRID - 3],
    )


def blocks(updates, cuts):
    return [updates[:, start:end].copy() for start, end in pairwise(cuts)]


@pytest.mark.parametrize("cuts", CUTS, ids=lambda cuts: f"{len(cuts) - 1}")
@pytest.mark.parametrize(
    "name",
    [
        "mean",
        "krum",
        "geometric_median",
        "trimmed_mean",
        "arc+nnm+median",
        "bulyan",
        "aksel",
        "fltrust",
        "centered_clipping",
        "dnc(columns=600)",
        "bucketing+median",
        "per_layer+multi_krum",
    ],
)
def test_blocks_give_the_bits_of_one_piece(name, cuts, updates):
    whole = aggregate(name, updates, f=2, context=context(updates))
    parts = blocks(updates, cuts)
    for source in (parts, tuple(parts), lambda: iter(parts)):
        answer = aggregate(name, source, f=2, context=context(updates))
        assert answer.tobytes() == whole.tobytes()
    told = explain(name, parts, f=2, context=context(updates))
    assert np.array_equal(
        told.weights, explain(name, updates, f=2, context=context(updates)).weights
    )


def test_broken_rows_leave_blocks_as_they_leave_one_piece(updates):
    updates[4, 2 * GRID + 9] = np.nan
    for name in ("mean", "krum", "trimmed_mean"):
        answer = aggregate(name, blocks(updates, CUTS[4]), f=2)
        assert answer.tobytes() == aggregate(name, updates, f=2).tobytes()


def test_blocks_that_do_not_fit_are_refused(updates):
    left, right = updates[:, :100], updates[:, 100:]
    for source, message in (
        ([left, right[:5]], r"all blocks must be \(11, b\) of float32 .* got \(5,"),
        ([left, right.astype(np.float64)], "of float64"),
        ([left.astype(int)], "got int64"),
        (list, "at least one block"),
        ([left[:, :0]], "the same each time|0 columns"),
    ):
        with pytest.raises(InvalidUpdates, match=message):
            aggregate("krum", source, f=2)


def test_a_source_that_runs_dry_is_refused(updates):
    once = iter(blocks(updates, CUTS[1]))
    with pytest.raises(InvalidUpdates, match=r"give a list, or a function that|at least one block"):
        aggregate("krum", lambda: once, f=2)
    with pytest.raises(InvalidUpdates, match="an iterator is used up"):
        aggregate("krum", iter([updates]), f=2)
    asked = []

    def changing():
        asked.append(1)
        return blocks(updates, CUTS[1])[: 3 - len(asked) // 4]

    with pytest.raises(InvalidUpdates, match="the same each time"):
        aggregate("krum", changing, f=2)


def test_layers_are_aggregated_alone(updates):
    sizes = [7, GRID, D - GRID - 7]
    answer = aggregate("per_layer+krum", updates, f=2, context=Context(layout=sizes))
    ends = np.cumsum([0, *sizes])
    alone = [aggregate("krum", updates[:, a:b], f=2) for a, b in pairwise(ends)]
    assert np.array_equal(answer, np.concatenate(alone))
    told = explain("per_layer+krum", updates, f=2, context=Context(layout=sizes))
    assert len(told.layers) == 3
    assert np.allclose(told.weights, np.mean([layer.weights for layer in told.layers], axis=0))


@pytest.mark.parametrize("layout", [[D - 1], [D, 1], [0, D], [-1, D + 1]])
def test_a_layout_that_does_not_fit_is_refused(layout, updates):
    with pytest.raises(InvalidConfig, match=rf"layout must be sizes .* sum to d = {D}, got"):
        aggregate("per_layer+krum", updates, f=2, context=Context(layout=layout))


def test_shards_add_up_to_the_bits_of_one_piece(updates):
    cuts = [0, 2 * GRID, 3 * GRID, D]
    parts = blocks(updates, cuts)
    grams = [shards.gram_of(s, centre=3, start=at) for s, at in zip(parts, cuts, strict=False)]
    gram = grams[2] + (grams[0] + grams[1])
    assert gram.total().tobytes() == InMemory(updates).gram(3).tobytes()
    for name in ("krum", "geometric_median", "bulyan", "nnm+trimmed_mean"):
        decision = shards.decide_on(name, gram, f=2)
        answer = np.concatenate([shards.combined(part, decision) for part in parts])
        assert np.allclose(answer, aggregate(name, updates, f=2), atol=1e-5)


def test_shards_refuse_what_they_cannot_do(updates):
    gram = shards.gram_of(updates, centre=0)
    with pytest.raises(InvalidConfig, match="multiples of 4096 columns, got 5"):
        shards.gram_of(updates, centre=0, start=5)
    with pytest.raises(InvalidConfig, match="fltrust looks at more than"):
        shards.decide_on("fltrust", gram, f=2)
    with pytest.raises(InvalidConfig, match="cannot be sampled"):
        shards.decide_on("dnc(columns=7)", gram, f=2, context=context(updates))
    with pytest.raises(TooManyByzantine):
        shards.decide_on("krum", gram, f=5)
    updates[2, 7] = np.inf
    with pytest.raises(InvalidUpdates, match=r"\[2\] are not"):
        shards.decide_on("krum", shards.gram_of(updates, centre=0), f=2)


CHAINS = "mean krum median meamed nnm+trimmed_mean nnm+meamed bulyan fltrust cge aksel caf"


@pytest.mark.parametrize(("n", "d"), [(10, 100_000), (20, 100_000), (20, 300_000)])
@pytest.mark.parametrize("name", CHAINS.split())
def test_no_more_than_a_quarter_of_the_input_is_allocated(name, n, d, rng, monkeypatch):
    updates = rng.standard_normal((n, d), dtype=np.float32)
    given, f = Context(root=updates[0]), (n - 3) // 4
    aggregator = Aggregator.parse(name)
    aggregator(updates[:, :100], f, context=Context(root=updates[0, :100]))  # what is loaded once
    together = GRID * n * 4  # a block, where those of a stream are put together anew
    for source, more in ((updates, 0), (lambda: np.array_split(updates, 3, axis=1), together)):
        monkeypatch.setattr(order_statistics, "_kept", threading.local())  # a thread's first call
        taken = most_allocated(partial(aggregator, source, f, context=given))
        assert taken < updates.nbytes / 4 + more


def most_allocated(call):
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_stream_is_never_in_memory_at_once():
    n, width, count = 10, GRID, 200

    def source():
        rng = np.random.default_rng(0)
        return (rng.standard_normal((n, width), dtype=np.float32) for _ in range(count))

    peak = most_allocated(lambda: aggregate("multi_krum", source, f=2))
    assert peak < n * width * count * 4 / 4
