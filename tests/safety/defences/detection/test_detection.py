"""Planted rows are found where theory says so, and missed where it says that."""

import math

import numpy as np
import pytest

from rallypoint.draws import stream
from rallypoint.errors import InvalidConfig
from rallypoint.safety.defences.detection import (
    Que,
    Spectral,
    blind_below,
    detect,
    quantum_scores,
    robust_moments,
)

ROWS, ENTRIES, PLANTED, SHARE = 1000, 32, 50, 0.05
SEEDS = pytest.mark.parametrize("seed", range(4))


def cloud(seed, shift, *, widest=1.0):
    """Honest rows with one wide direction, and a cloud shifted in all others."""
    rows = stream(seed, "test/cloud").normal(size=(ROWS, ENTRIES))
    rows[:, 0] *= widest
    rows[:PLANTED, 1:] += shift / math.sqrt(ENTRIES - 1)
    return rows


def recall(rows, detector):
    found = detect(rows, np.zeros(ROWS, dtype=int), share=SHARE, detector=detector)
    assert found.suspects.sum() == 75  # 1.5 times the share
    return int(found.suspects[:PLANTED].sum())


@SEEDS
@pytest.mark.parametrize("detector", [Spectral(), Que()])
def test_a_cloud_among_equally_wide_rows_is_found(seed, detector):
    assert recall(cloud(seed, 6.0), detector) == PLANTED


@SEEDS
def test_a_wide_honest_direction_hides_the_cloud_from_all_but_those_who_whiten(seed):
    rows = cloud(seed, 6.0, widest=10.0)
    assert recall(rows, Spectral()) <= PLANTED // 4
    assert recall(rows, Que()) == PLANTED


@SEEDS
@pytest.mark.parametrize("detector", [Spectral(), Que()])
def test_a_cloud_far_below_what_can_be_told_is_missed(seed, detector):
    # A shift of 0.2 moves the mean by 0.01, where sqrt(share) is 0.22.
    assert recall(cloud(seed, 0.2), detector) <= PLANTED // 3


def test_the_report_says_what_cannot_be_seen():
    rows = cloud(0, 0.2)
    found = detect(rows, np.zeros(ROWS, dtype=int), share=SHARE)
    assert f"less than {blind_below(SHARE):.1f} standard deviations" in found.in_words()
    assert "where nothing was planted" in found.in_words()
    assert found.classes[0].strength < 1.5


@pytest.mark.parametrize(
    ("alpha", "expected"),
    [(0.0, [4.5, 0.5]), (4.0, [8.908, 0.010]), (100.0, [9.0, 0.0])],
)
def test_quantum_scores_of_the_table(alpha, expected):
    rows = np.array([[3.0, 0.0], [-3.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    scores = quantum_scores(rows, alpha)
    assert scores.round(3).tolist() == pytest.approx(np.repeat(expected, 2).tolist())


def test_quantum_scores_are_those_of_the_matrix_exponential():
    linalg = pytest.importorskip("scipy.linalg")
    white = stream(0, "test/white").normal(size=(200, 5)) * [1.5, 1, 1, 1, 0.5]
    covariance = white.T @ white / 200
    grown = linalg.expm(4 * (covariance - np.eye(5)) / (np.linalg.norm(covariance, 2) - 1))
    expected = np.einsum("ni,ij,nj->n", white, grown / np.trace(grown), white)
    np.testing.assert_allclose(quantum_scores(white, 4.0), expected)


def test_strength_is_the_mean_score_of_all_rows():
    rows = cloud(0, 6.0, widest=10.0)
    looked = Que()(rows, SHARE)
    assert looked.strength == pytest.approx(looked.scores.mean())


def test_where_nothing_is_too_wide_squared_norms_count():
    white = 0.5 * stream(0, "test/white").normal(size=(500, 4))
    np.testing.assert_allclose(quantum_scores(white, 4.0), (white**2).sum(axis=1) / 4)


def test_moments_of_clean_rows_are_the_plain_ones():
    rows = stream(1, "test/clean").normal(size=(2000, 20)) @ np.diag(np.arange(1.0, 21))
    mean, covariance = robust_moments(rows, 0.1)
    np.testing.assert_allclose(mean, rows.mean(axis=0))
    np.testing.assert_allclose(covariance, np.cov(rows.T, bias=True))


def test_moments_of_poisoned_rows_are_nearer_those_of_the_clean():
    rows = cloud(0, 6.0, widest=10.0)
    clean = np.cov(rows[PLANTED:].T, bias=True)
    _, covariance = robust_moments(rows, SHARE)
    off = np.linalg.norm(covariance[1:, 1:] - clean[1:, 1:], 2)
    assert off < 0.3 * np.linalg.norm(np.cov(rows[:, 1:].T, bias=True) - clean[1:, 1:], 2)


def test_classes_are_looked_at_one_by_one():
    rows = np.vstack([cloud(0, 6.0), 50 + cloud(1, 0.0)])
    actions = np.repeat([3, 7], ROWS)
    mixed = stream(0, "test/order").permutation(2 * ROWS)
    found = detect(rows[mixed], actions[mixed], share=SHARE)
    assert [(one.action, one.rows, one.removed) for one in found.classes] == [
        (3, ROWS, 75),
        (7, ROWS, 75),
    ]
    assert found.suspects[mixed < PLANTED].all()
    assert found.classes[0].strength > 1.5 > found.classes[1].strength
    alone = detect(cloud(0, 6.0), np.zeros(ROWS, dtype=int), share=SHARE)
    assert found.classes[0].strength == pytest.approx(alone.classes[0].strength)


def test_what_all_rows_share_and_neurons_that_say_nothing_change_nothing():
    rows = cloud(0, 6.0, widest=10.0)
    dead = np.column_stack([1000.0 + rows, np.full(ROWS, 3.0), rows[:, 1]])
    assert recall(dead, Que()) == PLANTED


def test_of_many_rows_a_sample_tells_the_covariance():
    rows = cloud(0, 6.0, widest=10.0)
    assert recall(rows, Que(enough=500)) >= 0.9 * PLANTED


def test_rows_that_are_all_equal_have_no_strength_to_speak_of():
    found = detect(np.ones((20, 3)), np.zeros(20, dtype=int), share=0.1)
    assert found.suspects.sum() == 3
    assert np.isfinite(found.scores).all()
    by_spectrum = detect(np.ones((20, 3)), np.zeros(20, dtype=int), share=0.1, detector=Spectral())
    assert found.classes[0].strength == by_spectrum.classes[0].strength == 0


def test_neurons_that_never_fire_do_not_make_others_look_wide():
    rows = cloud(0, 0.0)
    dead = np.column_stack([rows, np.zeros((ROWS, 2 * ENTRIES))])
    strengths = [
        detect(seen, np.zeros(ROWS, dtype=int), share=SHARE, detector=Spectral())
        .classes[0]
        .strength
        for seen in (rows, dead)
    ]
    assert strengths[1] == pytest.approx(strengths[0])


@pytest.mark.parametrize("share", [0.0, 0.4, -1.0])
def test_shares_that_are_none_are_refused(share):
    with pytest.raises(InvalidConfig, match="no minority"):
        detect(cloud(0, 1.0), np.zeros(ROWS, dtype=int), share=share)


def test_a_class_with_fewer_rows_than_dimensions_is_refused_by_name():
    actions = np.r_[np.zeros(ROWS - 31, dtype=int), np.ones(31, dtype=int)]
    with pytest.raises(InvalidConfig, match="entries, 32: action 1 has 31; record more"):
        detect(cloud(0, 1.0), actions, share=SHARE)


def test_arrays_that_do_not_fit_are_refused():
    rows = cloud(0, 1.0)
    with pytest.raises(InvalidConfig, match="one for each of 1000 rows"):
        detect(rows, np.zeros(5, dtype=int), share=SHARE)
    with pytest.raises(InvalidConfig, match="make classes first"):
        detect(rows, np.zeros(ROWS), share=SHARE)
    with pytest.raises(InvalidConfig, match=r"\(rows, d\)"):
        detect(rows[0], np.zeros(ENTRIES, dtype=int), share=SHARE)
    actions = np.ma.masked_array(np.zeros(ROWS, dtype=int), mask=rows[:, 0] > 1)
    with pytest.raises(InvalidConfig, match="masked in actions would count"):
        detect(rows, actions, share=SHARE)
    with pytest.raises(InvalidConfig, match="masked in features would count"):
        detect(np.ma.masked_greater(rows, 1.0), np.zeros(ROWS, dtype=int), share=SHARE)
    with pytest.raises(InvalidConfig, match="row 0 is not; leave it out, or bring all"):
        detect(rows * 1e200, np.zeros(ROWS, dtype=int), share=SHARE)
    rows[17, 3] = np.nan
    with pytest.raises(InvalidConfig, match="row 17 is not"):
        detect(rows, np.zeros(ROWS, dtype=int), share=SHARE)


@pytest.mark.parametrize(
    "wrong",
    [{"alpha": -1.0}, {"components": 0}, {"enough": 1}, {"components": 1.5}, {"alpha": "4"}],
)
def test_detectors_that_cannot_be_meant_are_refused(wrong):
    with pytest.raises(InvalidConfig, match=next(iter(wrong))):
        Que(**wrong)


def test_numbers_of_numpy_are_numbers_and_what_masks_nothing_is_an_array():
    made = Que(alpha=np.float32(4.0), components=np.int64(4), enough=np.int32(900))
    assert made == Que(alpha=4.0, components=4, enough=900)
    rows, actions = cloud(0, 1.0), np.zeros(ROWS, dtype=int)
    found = detect(np.ma.masked_array(rows), np.ma.masked_array(actions), share=SHARE)
    assert (found.scores == detect(rows, actions, share=SHARE).scores).all()
