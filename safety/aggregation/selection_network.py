"""Selection networks: order statistics of every column by minima and maxima of whole rows.

A sorting network compares the same pairs whatever the numbers are, so on a block of columns each
comparison is one `np.minimum` and one `np.maximum` of two rows. What rules want is less than a
sorted column: the middle value, or which values lie in the middle, in whatever order. Comparisons
that only order what nobody wants ordered are left out, as is the half that nobody reads.

Sources: Batcher (1968), "Sorting networks and their applications"; Knuth, "The Art of Computer
Programming", volume 3, section 5.3.4, for the merges and for the 0-1 principle.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest
from typing import NamedTuple

import numpy as np

Groups = tuple[tuple[int, int], ...]  # ranks from … to, ascending; inside one, order is free
_Wires = list[int]
_Pairs = list[tuple[int, int]]  # the smaller value ends up on the first wire


class Step(NamedTuple):
    """One minimum or maximum of two rows."""

    operator: np.ufunc
    first: int  # slots: 0 … n-1 are the rows themselves, then come the scratch
    second: int
    result: int


@dataclass(frozen=True)
class Network:
    """What to do with the rows of a block, and where its order statistics are then."""

    steps: tuple[Step, ...]
    num_scratch: int  # rows of scratch
    held: tuple[int, ...]  # the slot of each rank of the groups, group by group


@lru_cache(maxsize=512)
def network(n: int, groups: Groups, *, in_place: bool = False) -> Network:
    """Return a network for n rows that finds the ranks of each group.

    Args:
        n: rows.
        groups: disjoint ranges of ranks, ascending. The values of a group come in any order.
        in_place: whether the rows may be overwritten, which takes hardly any scratch.

    >>> len(network(4, ((0, 4),)).steps), len(network(4, ((0, 1),)).steps)
    (0, 3)
    """
    pairs: _Pairs = []
    wires = _arranged(n, groups, pairs)  # rank -> wire
    wanted = [wires[r] for g in groups for r in range(*g)]
    return _compiled(n, _pruned(pairs, wires, groups), wanted, in_place=in_place)


def _arranged(n: int, groups: Groups, pairs: _Pairs) -> _Wires:
    """Order wires as far as the groups need it; return the wire of each rank."""
    start, stop = max(groups, key=lambda group: group[1] - group[0])
    ends = max(start, n - stop)  # how much, on either side, is not this largest group
    half = n // 2
    if not ends:
        return list(range(n))
    if half < 2 * ends:
        return _sorted(list(range(n)), pairs)
    if len(groups) > 1 or start != n - stop:
        return _with_sorted_ends(list(range(n)), ends, pairs)
    # Both ends go, unordered: of two sorted lists, the smaller half are the minima of pairs taken
    # from opposite sides.
    one = _with_sorted_ends(list(range(half)), ends, pairs)
    other = _with_sorted_ends(list(range(half, n)), ends, pairs)
    pairs += zip(one[:ends], reversed(other[:ends]), strict=True)
    pairs += zip(one[-ends:], reversed(other[-ends:]), strict=True)
    inner = one[ends:-ends] + other[ends:-ends]
    return one[:ends] + other[:ends] + inner + one[-ends:] + other[-ends:]


def _with_sorted_ends(wires: _Wires, ends: int, pairs: _Pairs) -> _Wires:
    """Sort the least and the greatest few; return the wires by rank, in between in any order."""
    half = len(wires) // 2
    if half < 2 * ends:
        return _sorted(wires, pairs)
    one = _with_sorted_ends(wires[:half], ends, pairs)
    other = _with_sorted_ends(wires[half:], ends, pairs)
    low = _merged(one[:ends], other[:ends], pairs)
    high = _merged(one[-ends:], other[-ends:], pairs)
    return low + one[ends:-ends] + other[ends:-ends] + high


def _sorted(wires: _Wires, pairs: _Pairs) -> _Wires:
    """Sort by odd-even merges; return the wires by rank."""
    if len(wires) == 1:
        return wires
    half = len(wires) // 2
    return _merged(_sorted(wires[:half], pairs), _sorted(wires[half:], pairs), pairs)


def _merged(one: _Wires, other: _Wires, pairs: _Pairs) -> _Wires:
    """Merge two sorted lists of any lengths; return the wires by rank."""
    if not one or not other:
        return one + other
    if len(one) == len(other) == 1:
        pairs.append((one[0], other[0]))
        return one + other
    evens = _merged(one[::2], other[::2], pairs)
    odds = _merged(one[1::2], other[1::2], pairs)
    merged = evens[:1]
    for low, high in zip_longest(odds, evens[1:]):
        if low is not None and high is not None:
            pairs.append((low, high))
        merged += [wire for wire in (low, high) if wire is not None]
    return merged


class _Comparison(NamedTuple):
    low: int
    high: int
    wants_low: bool
    wants_high: bool


def _pruned(pairs: _Pairs, wires: _Wires, groups: Groups) -> list[_Comparison]:
    """Drop, from the back, what only orders a group inside; note which halves are read."""
    group_of_wire: dict[int, object] = {}
    wanted = set()
    for rank, wire in enumerate(wires):
        inside = [start <= rank < stop for start, stop in groups]
        # Ranks that nobody wants form groups, too: those between the same two.
        group_of_wire[wire] = (any(inside), sum(rank >= stop for _, stop in groups))
        if any(inside):
            wanted.add(wire)
    kept = []
    for low, high in reversed(pairs):
        if group_of_wire[low] != group_of_wire[high]:
            kept.append(_Comparison(low, high, low in wanted, high in wanted))
            group_of_wire[low], group_of_wire[high] = object(), object()  # from here on, itself
            wanted |= {low, high}
    return kept[::-1]


def _compiled(
    n: int, comparisons: Sequence[_Comparison], wires: _Wires, *, in_place: bool
) -> Network:
    """Give every intermediate row a slot of scratch, used again as soon as it is read no more."""
    value_on = list(range(n))  # wire -> value; every result is a new one
    results: list[tuple[np.ufunc, int, int]] = []
    for low, high, wants_low, wants_high in comparisons:
        read = value_on[low], value_on[high]
        if wants_low:
            value_on[low] = n + len(results)
            results.append((np.minimum, *read))
        if wants_high:
            value_on[high] = n + len(results)
            results.append((np.maximum, *read))
    held = [value_on[wire] for wire in wires]
    last_read = {value: at for at, (_, *read) in enumerate(results) for value in read}
    slot_of, free, num_scratch = dict(zip(range(n), range(n), strict=True)), [], 0
    steps = []
    for at, (operator, first, second) in enumerate(results):
        # What is read here for the last time may be overwritten with the result.
        done = [v for v in (first, second) if last_read[v] == at]
        free += [slot_of[v] for v in done if v >= n or in_place]
        if not free:
            free.append(n + num_scratch)
            num_scratch += 1
        slot_of[n + at] = free.pop()
        steps.append(Step(operator, slot_of[first], slot_of[second], slot_of[n + at]))
    return Network(tuple(steps), num_scratch, tuple(slot_of[value] for value in held))
