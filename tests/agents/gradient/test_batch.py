"""Batches, cut into pieces."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rallypoint.agents.gradient.batch import Batch
from rallypoint.agents.gradient.estimators.ppo import Ppo


class Coarse:
    """Draws that bring many numbers more than once."""

    def random(self, shape):
        return np.random.default_rng(3).integers(8, size=(2, *shape)) / 8


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 3), st.integers(1, 4), st.integers(1, 20), st.data())
def test_pieces_are_what_picking_their_rows_one_by_one_brings(runs, count, length, data):
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    ends = sorted({*data.draw(st.lists(st.integers(1, length), max_size=4)), length})
    shape = (runs, count, length)
    gains = rng.standard_normal(shape).astype(np.float32)
    # The world's axes stand in another order than a batch's: its arrays are no single block.
    seen = rng.standard_normal((length, count, runs, 3)).astype(np.float32).swapaxes(0, 2)
    batch = Batch(seen, rng.integers(5, size=shape), gains, np.ones_like(gains), targets=gains + 1)
    order = rng.random(shape).argsort(axis=2)
    pieces = list(batch.pieces(order, ends))
    assert len(pieces) == len(ends)
    for piece, start, end in zip(pieces, [0, *ends], ends, strict=False):
        rows = order[..., start:end]
        for name, part in batch._asdict().items():
            if part is None:
                assert getattr(piece, name) is None
                continue
            for run, one in np.ndindex(runs, count):
                wanted = part[run, one][rows[run, one]]
                assert np.array_equal(getattr(piece, name)[run, one], wanted)


def test_rows_whose_numbers_are_equal_stay_in_their_order():
    marks = np.tile(np.arange(600, dtype=np.float32), (1, 2, 1))
    batch = Batch(marks[..., None], marks, marks, np.ones_like(marks))
    pieces = Ppo(epochs=1, minibatch=100).passes(batch, Coarse(), 2)
    found = np.concatenate([piece.gains for piece in pieces], axis=2)[0]
    assert np.array_equal(found, Coarse().random((600,)).argsort(axis=1, kind="stable"))
