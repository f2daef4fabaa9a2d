"""Which switches are on in which cells: all combinations, or a fraction that keeps effects apart.

In a regular fraction the first switches take all combinations, and each further one is on where an
odd number of some of those are: its *word*. A product of words and switches that is the same in all
cells makes effects share a column, as *aliases*; the shortest has as many letters as the design's
*resolution*. From 5 on, no interaction of two is mixed with another or with a single switch; at 4
they are mixed with each other.

Source: Box & Hunter (1961), "The 2^(k-p) Fractional Factorial Designs", Technometrics 3(3).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import combinations
from operator import xor

import numpy as np
from numpy.typing import NDArray

from rallypoint.errors import InvalidConfig

FULL = 99  # the resolution of a design in which nothing is mixed


@dataclass(frozen=True, eq=False)
class Design:
    """Cells by switches, and what cannot be told apart."""

    on: NDArray[np.bool_]  # (cells, k)
    relations: tuple[int, ...]  # sets of switches, by bits, whose product is the same in all cells

    @property
    def resolution(self) -> int:
        """Letters of the shortest relation."""
        return min((word.bit_count() for word in self.relations), default=FULL)

    def aliases(self, switches: Sequence[int]) -> dict[tuple[int, ...], float]:
        """Return what is measured along with an effect: others of one switch or two, times so much.

        Columns of two effects are the same, or opposite where a relation has an odd number of
        letters, as all are off in the first cell. An interaction is a difference of differences,
        so it stands for half as much in the column of a single switch, and that for twice.
        """
        own = reduce(xor, (1 << switch for switch in switches))
        found = {}
        for word in self.relations:
            other = own ^ word
            if 0 < other.bit_count() <= 2:
                sign = -1.0 if word.bit_count() % 2 else 1.0
                found[_members(other)] = sign * 2.0 ** (len(switches) - other.bit_count())
        return found


def design(switches: int, most: int) -> Design:
    """Return all combinations of so many switches, or the best fraction of at most so many cells.

    The best has the highest resolution, then the fewest relations of that length.

    Raises:
        InvalidConfig: no fraction of so few cells keeps single switches apart.
    """
    if switches < 1:
        raise InvalidConfig("there is nothing to switch: the threat file holds no threats")
    if 2**switches <= most:
        return Design(_combinations(switches), ())
    base = most.bit_length() - 1
    extra = switches - base
    words = [w for w in range(1, 2**base) if w.bit_count() > 1]
    words.sort(key=int.bit_count, reverse=True)
    choices = combinations(words, extra) if len(words) >= extra else iter(())
    best = min((_relations(chosen, base) for chosen in choices), key=_rank, default=None)
    if best is None or min(word.bit_count() for word in best) < 3:
        raise InvalidConfig(
            f"{switches} switches cannot be kept apart in {2**base} cells: allow more cells, or "
            "switch channels instead of threats"
        )
    cells = _combinations(base)
    columns = [cells[:, at] for at in range(base)]
    for place in range(base, switches):
        (word,) = (w for w in best if w >> base == 1 << (place - base))
        columns.append(cells[:, _members(word & (1 << base) - 1)].sum(axis=1) % 2 == 1)
    return Design(np.stack(columns, axis=1), tuple(sorted(best)))


def _combinations(switches: int) -> NDArray[np.bool_]:
    cells: NDArray[np.bool_] = np.arange(2**switches)[:, None] >> np.arange(switches) & 1 == 1
    return cells


def _relations(words: Sequence[int], base: int) -> tuple[int, ...]:
    """Return all products of a fraction's defining words, each with its own switch."""
    each = [word | 1 << (base + place) for place, word in enumerate(words)]
    return tuple(
        reduce(xor, chosen)
        for size in range(1, len(each) + 1)
        for chosen in combinations(each, size)
    )


def _rank(relations: Sequence[int]) -> tuple[int, int]:
    lengths = [word.bit_count() for word in relations]
    return -min(lengths), lengths.count(min(lengths))


def _members(bits: int) -> tuple[int, ...]:
    return tuple(place for place in range(bits.bit_length()) if bits >> place & 1)
