"""Updates that are no numbers, or too large to compare, leave before the algebra."""

import numpy as np
import pytest

from rallypoint.errors import InvalidUpdates
from rallypoint.safety.aggregation import Context, aggregate, explain
from rallypoint.safety.aggregation.kernels import GRID

D = GRID + 500
NAMES = ["mean", "median", "krum", "multi_krum", "nnm+trimmed_mean", "bulyan", "geometric_median"]
BAD = {"NaN": np.nan, "inf": np.inf, "-inf": -np.inf}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("column", [0, GRID + 7], ids=["sampled", "late"])
def test_the_rule_runs_on_the_others_with_fewer_to_tolerate(name, bad, column, rng):
    updates = rng.standard_normal((15, D)).astype(np.float32)
    updates[[0, 7], column] = BAD[bad]
    others = np.delete(updates, [0, 7], axis=0)
    answer = aggregate(name, updates, f=3)
    assert np.allclose(answer, aggregate(name, others, f=1), atol=1e-6)
    assert explain(name, updates, f=3).left_out.tolist() == [0, 7]


@pytest.mark.parametrize("name", NAMES)
def test_more_than_f_are_refused_by_number(name, rng):
    updates = rng.standard_normal((15, D)).astype(np.float32)
    updates[[3, 5], 8] = np.nan
    updates[9, GRID + 1] = -np.inf
    with pytest.raises(InvalidUpdates, match=r"f = 2 .* and 3 are: rows 3, 5, 9"):
        aggregate(name, updates, f=2)


def test_squares_that_overflow_count_too(rng):
    updates = rng.standard_normal((15, D)).astype(np.float32)
    updates[4], updates[6, 9] = 1e30, np.nan
    assert explain("krum", updates, f=3).left_out.tolist() == [4, 6]
    assert explain("krum", updates.astype(np.float64), f=3).left_out.tolist() == [6]
    with pytest.raises(InvalidUpdates, match="squares that overflow, and 2 are: rows 4, 6"):
        aggregate("krum", updates, f=1)


@pytest.mark.parametrize("far", [1e78, 1e120, 1e150, 7e153, 1e154])
@pytest.mark.parametrize("name", ["smea", "caf", "geometric_median", "krum", "arc+nnm+median"])
def test_what_can_just_be_squared_is_compared_or_leaves(name, far, rng):
    """Products of squares overflow long before squares do, and sums of them a little sooner."""
    updates = rng.standard_normal((9, 3))
    updates[:2] = far * np.array([[1, -1, 1], [-1, 1, 1]])
    answer = aggregate(name, updates, f=2)
    assert (np.abs(answer) <= np.abs(updates[2:]).max(axis=0)).all()


def test_where_nothing_is_squared_large_updates_stay(rng):
    updates = rng.standard_normal((15, D)).astype(np.float32)
    updates[4] = 3e38
    told = explain("trimmed_mean", updates, f=1)
    assert not told.left_out.size
    assert np.isfinite(aggregate("trimmed_mean", updates, f=1)).all()


def test_a_large_common_part_does_not_overflow(rng):
    updates = (1e23 * (1 + 1e-6 * rng.standard_normal((15, 50)))).astype(np.float32)
    assert not explain("krum", updates, f=2).left_out.size


@pytest.mark.parametrize("name", ["krum", "mda", "geometric_median", "median", "nnm+krum"])
def test_identical_updates_are_the_answer(name):
    updates = np.tile(np.float32([0.1, 1e6, -3e-7, 0]), (9, 1))
    assert np.allclose(aggregate(name, updates, f=2), updates[0], rtol=1e-6)


@pytest.mark.parametrize("name", ["mean", "median", "trimmed_mean", "geometric_median", "mda"])
def test_one_honest_update_alone_is_the_answer(name, rng):
    updates = rng.standard_normal((1, 30))
    assert np.array_equal(aggregate(name, updates, f=0), updates[0])


def test_half_a_row_lost_on_the_way_is_used_by_rules_that_say_so(rng):
    updates = rng.standard_normal((9, D)).astype(np.float32)
    whole = updates.copy()
    updates[2, :100] = np.nan
    answer = aggregate("nan_median", updates, f=1)
    assert np.array_equal(answer[100:], np.median(whole, axis=0)[100:])
    assert np.array_equal(answer[:100], np.median(np.delete(whole, 2, axis=0), axis=0)[:100])
    assert not explain("nan_median", updates, f=1).left_out.size


def test_what_did_not_arrive_at_all_stays_as_it_was(rng):
    updates = rng.standard_normal((9, D)).astype(np.float32)
    previous = rng.standard_normal(D).astype(np.float32)
    updates[:, GRID + 3 : GRID + 9] = np.nan
    answer = aggregate("nan_median", updates, f=1, context=Context(previous=previous))
    assert np.array_equal(answer[GRID + 3 : GRID + 9], previous[GRID + 3 : GRID + 9])
    assert np.isfinite(answer).all()


def test_trust_goes_with_those_who_left(rng):
    updates = rng.standard_normal((9, 40))
    updates[0] = np.nan
    kept = aggregate("monna", updates, f=2, context=Context(trusted=[0, 4]))
    alone = aggregate("monna", updates[1:], f=1, context=Context(trusted=[3]))
    assert np.allclose(kept, alone)


@pytest.mark.parametrize("lie", [np.nan, 1e200])
@pytest.mark.parametrize("name", ["monna", "expert_rank"])
def test_where_all_who_are_trusted_left_it_is_said(name, lie, rng):
    updates = rng.standard_normal((9, 40))
    updates[[2, 5]] = lie
    with pytest.raises(InvalidUpdates, match=rf"{name} needs a trusted update, .* trust several"):
        aggregate(name, updates, f=2, context=Context(trusted=[2, 5]))
    assert np.isfinite(aggregate("krum", updates, f=2, context=Context(trusted=[2, 5]))).all()


def test_a_majority_of_lies_does_not_hide_the_anchors(rng):
    """Rules with an anchor may tolerate more than half; the centre must then be no lie."""
    root = rng.standard_normal(200)
    updates = np.tile(1e9 * rng.standard_normal(200), (9, 1))
    updates[4] = root + 0.01 * rng.standard_normal(200)
    for dtype in (np.float32, np.float64):
        context = Context(root=root.astype(dtype))
        answer = aggregate("zeno_plus_plus(rho=0.09)", updates.astype(dtype), f=8, context=context)
        length = np.linalg.norm(root) / np.linalg.norm(updates[4])
        assert np.allclose(answer, length * updates[4], rtol=1e-4, atol=1e-4)
