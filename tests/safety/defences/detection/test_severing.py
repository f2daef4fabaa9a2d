"""Gradients are filtered alike by either road, and by what theory says."""

import math

import numpy as np
import pytest

from rallypoint.draws import stream
from rallypoint.errors import InvalidConfig
from rallypoint.safety.defences.detection import blind_below, fewest, sever, sure_from


def gradients(seed, n, d, planted, shift):
    rows = 3.0 + stream(seed, "test/gradients").normal(size=(n, d))
    rows[:planted] += shift / math.sqrt(d)
    return rows


def by_hand(rows, share, rounds):
    """Filter by a singular value decomposition each round, as long as anything stands out."""
    left = list(range(len(rows)))
    for _ in range(rounds):
        offsets = rows[left] - rows[left].mean(axis=0)
        direction = np.linalg.svd(offsets, full_matrices=False)[2][0]
        squares = (offsets @ direction) ** 2
        sigma = np.sqrt(np.median(squares)) / 0.6744897501960817
        order = np.argsort(-squares)[: math.ceil(round(share * len(rows) / 2, 6))]
        out = {left[k] for k in order.tolist() if squares[k] > (sigma / math.sqrt(share)) ** 2}
        left = [k for k in left if k not in out]
    return left


@pytest.mark.parametrize(("n", "d"), [(40, 300), (300, 20), (600, 700)])
@pytest.mark.parametrize("share", [0.1, 0.2])
@pytest.mark.parametrize("planted", [0.0, 0.05, 0.1])
def test_either_road_leads_where_a_decomposition_does(n, d, share, planted):
    rows = gradients(0, n, d, int(n * planted), 60.0)
    found = np.flatnonzero(sever(rows, share).kept).tolist()
    assert found == by_hand(rows, share, 4)
    assert len(found) < n or not planted


def test_planted_trajectories_are_gone_and_the_mean_is_mended():
    rows = gradients(1, 60, 2000, 6, 200.0)
    found = sever(rows, 0.1)
    assert not found.kept[:6].any()
    clean = rows[6:].mean(axis=0)
    before = np.linalg.norm(rows.mean(axis=0) - clean)
    assert np.linalg.norm(rows[found.kept].mean(axis=0) - clean) < 0.2 * before
    assert (found.scores[:6].min() > found.scores[6:]).all()


def test_planted_trajectories_below_what_can_be_told_stay():
    rows = gradients(2, 400, 20, 40, 0.2)
    assert sever(rows, 0.1).kept[:40].mean() > 0.95


@pytest.mark.parametrize(("n", "d"), [(60, 2000), (400, 20)])
def test_where_nothing_is_planted_nearly_all_stay(n, d):
    kept = [sever(gradients(seed, n, d, 0, 0.0), 0.1).kept.mean() for seed in range(10)]
    assert np.mean(kept) > 0.98


@pytest.mark.parametrize("n", [6, 20, 400])
def test_no_more_leave_than_twice_the_share(n):
    rows = gradients(4, n, 10, 0, 0.0)
    rows[: n // 2] *= 100.0  # far more than may be planted
    assert n - sever(rows, 0.1).kept.sum() <= math.ceil(0.2 * n)


def test_rounds_that_are_rounded_up_do_not_add_up_to_more():
    # One of eleven a round is more than half a tenth: of four that each stand out three may go.
    rows = np.eye(11)
    rows[:4] *= np.array([1e2, 1e4, 1e6, 1e8])[:, None]
    assert np.flatnonzero(~sever(rows, 0.1).kept).tolist() == [1, 2, 3]


def test_half_the_share_leaves_in_a_round_and_then_it_looks_again():
    # Ten are far off one way, and hide that twenty are farther off another way than the next ten.
    rows = stream(6, "test/rounds").normal(size=(100, 5))
    for first, count, axis, distance in (
        (0, 10, 0, 1000.0),
        (10, 10, 0, 100.0),
        (20, 20, 1, 150.0),
    ):
        rows[first : first + count, axis] += distance * np.tile([1, -1], count // 2)
    left = [np.flatnonzero(~sever(rows, 0.2, rounds=rounds).kept) for rounds in (1, 2)]
    assert left[0].tolist() == list(range(10))
    assert left[1][:10].tolist() == list(range(10))
    assert ((left[1][10:] >= 20) & (left[1][10:] < 40)).all()
    assert len(left[1]) == 20


def test_one_of_the_fewest_can_leave_and_of_fewer_none():
    for share in (0.05, 0.1, 1 / 3):
        least = fewest(share)
        for n in (least - 1, least):
            rows = np.zeros((n, 3))
            rows[0] = 1.0
            rows[1:] += 1e-6 * stream(n, "test/fewest").normal(size=(n - 1, 3))
            assert sever(rows, share).kept[0] == (n < least)


@pytest.mark.parametrize(("n", "d", "planted"), [(40, 100, 4), (400, 10, 40)])
@pytest.mark.parametrize("loud", [1e10, 1e30])
def test_a_very_loud_one_hides_no_others(n, d, planted, loud):
    # Beside it all others are equal but for rounding, as long as it is there.
    rows = gradients(5, n, d, planted, 200.0)
    rows[0] *= loud
    found = sever(rows, 0.1)
    assert not found.kept[:planted].any()
    assert found.kept[planted:].mean() > 0.99


def test_equal_gradients_all_stay():
    assert sever(np.ones((10, 3)), 0.2).kept.all()
    assert sever(np.ones((9, 30)), 0.2).kept.all()


def test_what_all_share_and_their_scale_change_nothing():
    rows = gradients(3, 50, 80, 5, 30.0)
    kept = sever(rows, 0.1).kept
    assert (sever(1e3 * rows + 7.0, 0.1).kept == kept).all()


def test_what_cannot_be_meant_is_refused():
    with pytest.raises(InvalidConfig, match="leave nothing of 4"):
        sever(gradients(0, 4, 9, 0, 0.0), 0.3, rounds=6)
    with pytest.raises(InvalidConfig, match="rounds is a number >= 1, got 0"):
        sever(gradients(0, 9, 9, 0, 0.0), 0.3, rounds=0)
    with pytest.raises(InvalidConfig, match="gradients are finite, and row 2"):
        sever(np.array([[0.0], [1.0], [np.inf]]), 0.3)
    for d in (1, 9):  # by either road
        with pytest.raises(InvalidConfig, match=r"at most 1e\+120, .* and row 1 is not"):
            sever(np.ones((5, d)) * [[1.0], [-1e200], [1.0], [1.0], [1.0]], 0.1)
    with pytest.raises(InvalidConfig, match="masked in gradients would count"):
        sever(np.ma.masked_equal(np.eye(9), 1.0), 0.1)
    with pytest.raises(InvalidConfig, match=r"gradients are numbers \(rows, d\)"):
        sever([[1.0, 2.0], [3.0]], 0.1)
    with pytest.raises(InvalidConfig, match=r"rounds is an integer, got 1\.5"):
        sever(np.eye(9), 0.1, rounds=1.5)
    with pytest.raises(InvalidConfig, match=r"share is a number, got '0\.1'"):
        sever(np.eye(9), "0.1")
    for distance in (blind_below, sure_from, fewest):
        with pytest.raises(InvalidConfig, match=r"share lies in \(0, 1\], got 0"):
            distance(0)
