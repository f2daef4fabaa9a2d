"""Sums over the blocks of the grid, the same to the bit however they are divided."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rallypoint.safety.aggregation.span import Matrix


class PartialSum:
    """A sum over the grid's blocks whose bits depend neither on pieces nor on their order.

    Blocks are summed in pairs, pairs in pairs of pairs and so on, always the same ones; so sums
    over disjoint ranges of blocks combine to the very bits of the sum over both. What waits for
    its partner is kept: a few matrices, as many as the number of blocks has binary digits.
    """

    def __init__(self) -> None:
        self._waiting: dict[tuple[int, int], Matrix] = {}  # (height, place) -> sum of 2**height

    def add(self, first: int, products: NDArray[Any], height: int = 0) -> None:
        """Add the products of blocks in a row.

        Args:
            first: the place of the first on the grid.
            products: (m, k, k) of m blocks.
            height: or of 2**height blocks each, summed in pairs; `first` is a place among such.
        """
        products, place = products.astype(np.float64), first
        while len(products):
            if place & 1:  # its partner came before
                self._join(height, place, products[0])
                products, place = products[1:], place + 1
            if len(products) & 1:  # its partner is to come
                self._join(height, place + len(products) - 1, products[-1])
            if len(products) < 2:
                break
            products = products[0:-1:2] + products[1::2]
            height, place = height + 1, place >> 1

    def __add__(self, other: "PartialSum") -> "PartialSum":
        """Return the sum over both ranges of blocks."""
        both = PartialSum()
        for part in (self, other):
            for (height, place), matrix in part._waiting.items():
                both._join(height, place, matrix)
        return both

    def total(self) -> Matrix:
        """Return the sum of all blocks added: what has no partner, from the fewest blocks up."""
        first, *others = (self._waiting[key] for key in sorted(self._waiting))
        total = first.copy()
        for matrix in others:
            total += matrix
        return total

    def _join(self, height: int, place: int, matrix: Matrix) -> None:
        while (partner := self._waiting.pop((height, place ^ 1), None)) is not None:
            matrix = partner + matrix  # commutes to the bit
            height, place = height + 1, place >> 1
        self._waiting[height, place] = matrix
