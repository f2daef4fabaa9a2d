"""Coordinate rules that average a window of ranks: which ranks, is all that one has to say."""

from abc import abstractmethod
from functools import partial
from typing import Any, ClassVar

from rallypoint.safety.aggregation.order_statistics import (
    Block,
    Row,
    mean_nearest,
    mean_of_present,
    mean_of_ranks,
    shares_nearest,
    shares_of_present,
    shares_of_ranks,
)
from rallypoint.safety.aggregation.parts import CoordinateRule
from rallypoint.safety.aggregation.span import Matrix


class Window(CoordinateRule):
    """A rule that asks about a window of the ranks of each coordinate's values."""

    cost: ClassVar[str] = "one coordinate pass"

    @abstractmethod
    def window(self, n: Any, f: int) -> tuple[Any, Any]:
        """Return from which rank to which, of n values; n may be an array, and so is the answer."""


class MeanOfWindow(Window):
    """The mean of the window."""

    def combine(self, block: Block, f: int) -> Row:
        """Average the values in the window."""
        return mean_of_ranks(block, *self.window(len(block), f))

    def consume(self, block: Block, f: int) -> Row:
        """Return the same, in place."""
        return mean_of_ranks(block, *self.window(len(block), f), in_place=True)

    def shares(self, block: Block, f: int) -> Matrix:
        """Return equal shares of those in the window; of equal values, the first go low."""
        return shares_of_ranks(block, *self.window(len(block), f))


class MeanAroundWindow(Window):
    """The mean of the n - f values that are nearest to the mean of the window."""

    def combine(self, block: Block, f: int) -> Row:
        """Average the nearest."""
        return mean_nearest(block, len(block) - f, *self.window(len(block), f))

    def consume(self, block: Block, f: int) -> Row:
        """Return the same, in place."""
        return mean_nearest(block, len(block) - f, *self.window(len(block), f), in_place=True)

    def shares(self, block: Block, f: int) -> Matrix:
        """Return equal shares of the nearest; of equal values, the first updates'."""
        return shares_nearest(block, len(block) - f, *self.window(len(block), f))


class MeanOfPresentWindow(Window):
    """The mean of the window among the finite values, of which as many as its bound asks for."""

    skips_nan: ClassVar[bool] = True

    def combine(self, block: Block, f: int) -> Row:
        """Average the window of what is there."""
        return mean_of_present(block, partial(self.window, f=f), least=self.least(f))

    def shares(self, block: Block, f: int) -> Matrix:
        """Return equal shares of the window, for each column with enough values."""
        return shares_of_present(block, partial(self.window, f=f), least=self.least(f))
