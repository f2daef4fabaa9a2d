"""Exact search for a few vertices that touch every edge."""

from itertools import combinations

import numpy as np
import pytest

from rallypoint.errors import SearchTooLong
from rallypoint.safety.aggregation.vertex_cover import Branches, members, vertex_cover


def graph(edges, n):
    neighbours = [0] * n
    for i, j in edges:
        neighbours[i] |= 1 << j
        neighbours[j] |= 1 << i
    return neighbours


def cover(edges, n, size, branches=10_000):
    return vertex_cover(graph(edges, n), (1 << n) - 1, size, Branches(branches))


def least(edges, n):
    """Return the size of the smallest cover, by trying all."""
    for size in range(n):
        for chosen in combinations(range(n), size):
            if all(i in chosen or j in chosen for i, j in edges):
                return size
    return n


@pytest.mark.parametrize("density", [0.1, 0.2, 0.3, 0.5, 0.8, 1.0])
def test_a_cover_is_found_exactly_where_there_is_one(density, rng):
    for _ in range(60):
        n = int(rng.integers(1, 11))
        edges = [pair for pair in combinations(range(n), 2) if rng.random() < density]
        needed = least(edges, n)
        for size in range(n + 1):
            found = cover(edges, n, size)
            assert (found is not None) == (size >= needed)
            if found is not None:
                chosen = set(members(found))
                assert len(chosen) <= size
                assert all(i in chosen or j in chosen for i, j in edges)


@pytest.mark.parametrize("length", range(3, 12))
def test_circles_and_paths(length):
    path = [(i, i + 1) for i in range(length - 1)]
    assert cover(path, length, length // 2) is not None
    assert cover(path, length, length // 2 - 1) is None
    circle = [*path, (0, length - 1)]
    assert cover(circle, length, (length + 1) // 2) is not None
    assert cover(circle, length, (length + 1) // 2 - 1) is None


def test_edges_to_vertices_outside_do_not_count():
    edges = [(0, 1), (1, 2), (2, 3)]
    assert vertex_cover(graph(edges, 4), 0b1001, 0, Branches(1)) == 0
    assert list(members(vertex_cover(graph(edges, 4), 0b0111, 1, Branches(1)))) == [1]


def test_many_branches_are_refused_with_their_number():
    rng = np.random.default_rng(3)
    edges = [pair for pair in combinations(range(40), 2) if rng.random() < 0.15]
    exact = Branches(100_000)
    size = next(
        size
        for size in range(40)
        if vertex_cover(graph(edges, 40), (1 << 40) - 1, size, exact) is not None
    )
    with pytest.raises(SearchTooLong, match="allowed 3 branches"):
        cover(edges, 40, size, branches=3)


def test_branches_are_at_most_what_the_analysis_says():
    rng = np.random.default_rng(0)
    for size in (4, 8, 12):
        for _ in range(20):
            edges = [pair for pair in combinations(range(30), 2) if rng.random() < 0.12]
            branches = Branches(10**6)
            vertex_cover(graph(edges, 30), (1 << 30) - 1, size, branches)
            # Two to each branching; the recurrence T(s) = T(s - 1) + T(s - 3) grows by 1.4656.
            assert branches.taken <= 2 * 1.4656 ** (size + 1)
