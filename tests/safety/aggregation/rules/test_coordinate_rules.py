"""What every coordinate rule does with a block."""

import numpy as np
import pytest

from rallypoint.safety.aggregation.parts import CoordinateRule
from rallypoint.safety.aggregation.rules import aggregators

every_rule = pytest.mark.parametrize(
    "name", [name for name, part in aggregators.items() if issubclass(part, CoordinateRule)]
)


@pytest.fixture(params=[np.float32, np.float64], ids=["float32", "float64"])
def block(request):
    """Return rows with ties, over more columns than are worked on at a time."""
    rng = np.random.default_rng(0)
    drawn = rng.standard_normal((11, 17000))
    drawn[:, ::2] = rng.integers(-2, 3, (11, 8500))
    return drawn.astype(request.param)


@every_rule
def test_shares_make_up_the_values(name, block):
    rule = aggregators[name]()
    shares = rule.shares(block, 2)
    assert shares.shape == block.shape
    assert np.allclose(shares.sum(axis=0), 1)
    assert shares.min() >= 0
    if name == "sign_vote":  # of which no share can be taken
        block = np.where(shares > 0, np.sign(block), 0)
    atol = 1e-6 if block.dtype == np.float32 else 1e-13
    assert np.allclose((shares * block).sum(axis=0), rule.combine(block, 2), atol=atol)


@every_rule
@pytest.mark.parametrize("n", [3, 10, 11])
def test_a_block_that_may_be_overwritten_gives_the_same_bits(name, n, block):
    rule, f = aggregators[name](), (n - 1) // 2
    block = np.ascontiguousarray(block[:n])
    before = block.copy()
    assert rule.consume(block.copy(), f).tobytes() == rule.combine(block, f).tobytes()
    assert block.tobytes() == before.tobytes()


@every_rule
def test_the_order_of_rows_does_not_matter(name, block):
    rule = aggregators[name]()
    turned = rule.combine(block[::-1], 2)
    assert np.allclose(turned, rule.combine(block, 2), rtol=1e-14 if turned.itemsize == 8 else 0)


@every_rule
def test_a_block_is_only_read_and_answered_in_kind(name, block):
    block.flags.writeable = False
    found = aggregators[name]().combine(block, 2)
    assert found.dtype == block.dtype
    assert found.shape == block.shape[1:]
    assert not np.shares_memory(found, block)


@every_rule
def test_columns_are_alone(name, block):
    rule = aggregators[name]()
    whole = rule.combine(block, 2)
    halves = [rule.combine(half, 2) for half in (block[:, :5000], block[:, 5000:])]
    assert np.concatenate(halves).tobytes() == whole.tobytes()
