"""Exact search for a few vertices that touch every edge of a graph."""

from collections.abc import Iterator, Mapping, Sequence

from rallypoint.errors import SearchTooLong

Vertices = int  # a set of vertices: bit v is vertex v


class Branches:
    """Counts the branches of a search, and ends it where there are too many."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.taken = 0

    def take(self) -> None:
        """Count one more."""
        if self.taken >= self.most:
            raise SearchTooLong(
                f"the search is allowed {self.most} branches, and has taken them without an "
                "answer; allow more, or take a rule that needs no search"
            )
        self.taken += 1


def members(vertices: Vertices) -> Iterator[int]:
    """Yield the vertices of a set, ascending."""
    while vertices:
        lowest = vertices & -vertices
        yield lowest.bit_length() - 1
        vertices ^= lowest


def vertex_cover(
    neighbours: Sequence[Vertices], among: Vertices, size: int, branches: Branches
) -> Vertices | None:
    """Return at most ``size`` vertices that touch every edge, or None if there are none.

    What some smallest answer surely has is taken; then the search branches on a vertex with most
    edges: it is taken, or all its neighbours are. With three edges or more each time, that makes
    at most 1.47 ** size branches.

    Args:
        neighbours: the neighbours of each vertex; symmetric, none its own.
        among: the vertices of the graph; edges to others do not count.
        size: how many vertices may be taken.
        branches: counts this search's branches too.

    Raises:
        SearchTooLong: there are more branches than allowed.
    """
    branches.take()
    taken = 0
    degrees = dict.fromkeys(members(among), 0)
    while True:
        degrees = {
            v: degree
            for v in degrees
            if among >> v & 1 and (degree := (neighbours[v] & among).bit_count())
        }
        if not degrees:
            return taken
        if _is_hopeless(degrees, size):
            return None
        chosen = _obvious(neighbours, among, degrees, size)
        if not chosen:
            break
        taken |= chosen
        among &= ~chosen
        size -= chosen.bit_count()
    best = max(degrees, key=degrees.__getitem__)
    among &= ~(1 << best)
    for chosen in (1 << best, neighbours[best] & among):
        cover = vertex_cover(neighbours, among & ~chosen, size - chosen.bit_count(), branches)
        if cover is not None:
            return taken | chosen | cover
    return None


def _is_hopeless(degrees: Mapping[int, int], size: int) -> bool:
    """Whether even the largest degrees make too few edges, or too many vertices must be taken."""
    falling = sorted(degrees.values(), reverse=True)
    if sum(falling[:size]) < sum(falling) // 2:
        return True
    return size < len(falling) and falling[size] > size


def _obvious(
    neighbours: Sequence[Vertices], among: Vertices, degrees: Mapping[int, int], size: int
) -> Vertices:
    """Return vertices that some smallest answer surely has, if any are to be seen.

    Those with more edges than vertices may be taken; the only neighbour of another; any, where
    only circles are left.
    """
    if many := [v for v, degree in degrees.items() if degree > size]:
        return sum(1 << v for v in many)
    for v, degree in degrees.items():
        if degree == 1:
            return neighbours[v] & among
    return 1 << next(iter(degrees)) if max(degrees.values()) == 2 else 0
