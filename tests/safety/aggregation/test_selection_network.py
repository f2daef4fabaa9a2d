"""Selection networks, by the 0-1 principle: right on zeros and ones is right on everything."""

import numpy as np
import pytest

from rallypoint.safety.aggregation.selection_network import network


def chosen(found, block, *, in_place):
    """Return the rows of the wanted ranks, as a network finds them."""
    n = len(block)
    rows = [*block.copy(), *np.full((found.num_scratch, *block.shape[1:]), np.nan)]
    for operator, first, second, result in found.steps:
        assert in_place or result >= n, "the block is only read"
        operator(rows[first], rows[second], out=rows[result])
    return [rows[slot] for slot in found.held]


def check(n, groups, block):
    """Check that every group holds the values of its ranks, in whatever order."""
    ordered = np.sort(block, axis=0)
    for in_place in (False, True):
        found = network(n, groups, in_place=in_place)
        rows = iter(chosen(found, block, in_place=in_place))
        assert not in_place or found.num_scratch <= 2
        for start, stop in groups:
            held = [next(rows) for _ in range(start, stop)]
            assert (np.sort(held, axis=0) == ordered[start:stop]).all(), (n, groups, in_place)


def some_groups(rng, n):
    """Return groups of ranks, some next to each other and some not."""
    cuts = np.unique(rng.integers(0, n + 1, rng.integers(2, 2 + n)))
    pairs = list(zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True))
    kept = tuple(pair for pair in pairs if rng.random() < 0.7)
    return kept or ((0, n),)


@pytest.mark.parametrize("n", range(1, 11))
def test_every_window_of_ranks_is_found_among_all_zeros_and_ones(n):
    every = (np.arange(2**n) >> np.arange(n)[:, None] & 1).astype(np.float64)  # (n, 2^n)
    for low in range(n):
        for high in range(low + 1, n + 1):
            check(n, ((low, high),), every)


@pytest.mark.parametrize("n", range(2, 11))
def test_any_groups_are_found_among_all_zeros_and_ones(n):
    every = (np.arange(2**n) >> np.arange(n)[:, None] & 1).astype(np.float64)
    rng = np.random.default_rng(n)
    check(n, tuple((rank, rank + 1) for rank in range(n)), every)
    for _ in range(30):
        check(n, some_groups(rng, n), every)


@pytest.mark.parametrize("n", [11, 16, 17, 20, 23, 32, 37, 50, 64, 99, 100])
def test_large_networks_are_right_on_random_zeros_and_ones_and_on_numbers(n):
    rng = np.random.default_rng(n)
    bits = (rng.random((n, 4000)) < rng.random(4000)).astype(np.float64)
    numbers = rng.standard_normal((n, 200))
    windows = [((f, n - f),) for f in (0, 1, n // 5, n // 4, (n - 1) // 2)]
    windows += [((0, 1),), ((n - 1, n),), ((n // 3, n // 3 + 1),), ((0, n // 3),)]
    for groups in [*windows, *(some_groups(rng, n) for _ in range(5))]:
        check(n, groups, bits)
        check(n, groups, numbers)


@pytest.mark.parametrize("n", [2, 3, 7, 20, 50, 100])
def test_what_nobody_wants_ordered_is_not_ordered(n):
    in_order = len(network(n, tuple((rank, rank + 1) for rank in range(n))).steps)
    assert len(network(n, ((0, n),)).steps) == 0
    assert len(network(n, ((0, 1),)).steps) == n - 1  # a minimum
    for f in range(1, (n - 1) // 2):
        assert len(network(n, ((f, n - f),)).steps) < in_order


@pytest.mark.parametrize("n", [2, 5, 9, 16, 20, 33])
def test_nothing_is_computed_for_nobody(n):
    rng = np.random.default_rng(n)
    for groups in [((n // 2, n // 2 + 1),), *(some_groups(rng, n) for _ in range(20))]:
        found = network(n, groups)
        needed = set(found.held)
        for step in reversed(found.steps):
            assert step.result in needed
            needed = (needed - {step.result}) | {step.first, step.second}


def test_steps_of_the_networks_that_matter_most():
    # Two for each comparison of Batcher's sort of 20 would be 194.
    assert len(network(20, ((4, 16),)).steps) <= 132
    assert len(network(20, ((9, 11),)).steps) <= 142


@pytest.mark.parametrize("n", [2, 10, 50])
def test_scratch_is_used_again(n):
    for groups in (((n // 2, n // 2 + 1),), tuple((rank, rank + 1) for rank in range(n))):
        assert network(n, groups).num_scratch <= n + 1
