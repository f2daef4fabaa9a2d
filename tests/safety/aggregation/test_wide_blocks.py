"""Blocks that are wider than the grid give coordinate rules the same bits."""

import numpy as np
import pytest

from rallypoint.safety.aggregation import aggregate
from rallypoint.safety.aggregation.combinations import mixed
from rallypoint.safety.aggregation.kernels import GRID, WIDE
from rallypoint.safety.aggregation.updates import InMemory


@pytest.mark.parametrize("n", [10, 33])
def test_mixed_updates_do_not_depend_on_the_width(n):
    rng = np.random.default_rng(n)
    updates = InMemory(rng.standard_normal((n, WIDE + GRID + 77), dtype=np.float32))
    mixing = rng.random((n, n))
    wide, narrow = (
        np.concatenate([block.copy() for block in mixed(updates.pieces(width), mixing)], axis=1)
        for width in (WIDE, GRID)
    )
    assert wide.tobytes() == narrow.tobytes()


@pytest.mark.parametrize("name", ["median", "nnm+trimmed_mean", "bulyan", "bulyan_multi_krum"])
def test_a_stream_of_any_widths_gives_the_same_bits(name):
    rng = np.random.default_rng(0)
    updates = rng.standard_normal((11, WIDE + GRID + 77), dtype=np.float32)
    whole = aggregate(name, updates, f=2)
    pieces = np.split(updates, [3, GRID + 5, WIDE - 1], axis=1)
    assert aggregate(name, pieces, f=2).tobytes() == whole.tobytes()
