"""Updates whose columns lie in several places: each works on its own, n x n numbers travel.

Each place sends the ``gram_of`` its columns, their sum decides (``decide_on``), and each combines
its own columns (``combined``). The bits are those of one piece about the same centre:

    >>> import numpy as np
    >>> left, right = np.eye(7, 4096), np.ones((7, 10)) * [[3], [1], [4], [1], [5], [9], [2]]
    >>> gram = gram_of(left, centre=1) + gram_of(right, centre=1, start=4096)
    >>> decision = decide_on("krum", gram, f=2)
    >>> combined(right, decision)[:3]
    array([2., 2., 2.])
"""

from typing import Any

import numpy as np

from rallypoint.errors import InvalidConfig, InvalidUpdates
from rallypoint.safety.aggregation import kernels
from rallypoint.safety.aggregation.aggregator import Aggregator
from rallypoint.safety.aggregation.beside import fitting
from rallypoint.safety.aggregation.decisions import Decision, decide
from rallypoint.safety.aggregation.kernels import GRID
from rallypoint.safety.aggregation.opening import opened
from rallypoint.safety.aggregation.partial_sum import PartialSum
from rallypoint.safety.aggregation.parts import Context
from rallypoint.safety.aggregation.rounds import carried_out
from rallypoint.safety.aggregation.span import Span

_NO_CONTEXT = Context()


def gram_of(shard: Any, *, centre: int, start: int = 0) -> PartialSum:
    """Return what some of the columns add to the Gram matrix; sums of it add up with ``+``.

    Args:
        shard: the updates in those columns, (n, b), in any form that ``aggregate`` takes.
        centre: the update about which products are taken, the same everywhere. Choose one that
            is likely honest: distances are precise to about seven digits of those from it.
        start: the first of the columns, a multiple of 4,096.

    Raises:
        InvalidConfig: columns that do not begin where a block does.
    """
    if start % GRID:
        raise InvalidConfig(f"shards must begin at multiples of {GRID} columns, got {start}")
    pieces = (piece._replace(start=piece.start + start) for piece in opened(shard).pieces())
    with np.errstate(over="ignore", invalid="ignore"):
        return kernels.gram(pieces, centre)


def decide_on(
    name: str, gram: PartialSum, f: int, *, context: Context = _NO_CONTEXT, **parameters: Any
) -> Decision:
    """Ask an aggregator that needs no points beside the updates, given their Gram matrix.

    Raises:
        InvalidConfig: it needs such points, samples columns or goes layer by layer; or a context
            that does not fit.
        InvalidUpdates: updates that are not finite or overflow; leave them out and lower f.
        TooManyByzantine: it does not tolerate f.
    """
    aggregator = Aggregator.parse(name, **parameters)
    if aggregator.is_per_layer or any(part.anchors for part in aggregator.chain):
        raise InvalidConfig(f"{name} looks at more than the updates' Gram matrix; use aggregate")
    whole = gram.total()
    if (broken := np.flatnonzero(~np.isfinite(np.diagonal(whole)))).size:
        raise InvalidUpdates(f"updates must be finite, and {broken} are not; leave them out")
    aggregator.check(len(whole), f)
    context = fitting(context, len(whole))
    return decide(aggregator.chain, Span(whole, len(whole), {}, _refuse_to_sample), f, context)


def combined(shard: Any, decision: Decision) -> Any:
    """Return the columns of the aggregate that belong to a shard, (b,)."""
    return carried_out(opened(shard), decision)


def _refuse_to_sample(rng: np.random.Generator, columns: int) -> Span:
    del rng
    raise InvalidConfig(f"{columns} columns cannot be sampled where a Gram matrix is all there is")
