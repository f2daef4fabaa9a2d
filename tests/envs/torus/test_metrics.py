"""Small cases of the metrics that anyone can check; the definition is tried beside the world."""

import numpy as np

from rallypoint.envs.torus import metrics


def test_a_group_may_stand_across_the_edges():
    corners = np.array([[[0, 0], [0, 14], [14, 0], [14, 14], [7, 7]]])
    assert metrics.largest_group(metrics.counts(corners, 15)).tolist() == [0.8]
    assert metrics.is_gathered(metrics.counts(corners, 15)).tolist() == [True]


def test_those_who_are_gone_or_masked_do_not_count():
    positions = np.array([[[0, 0], [-1, -1], [5, 5], [9, 9]]])
    mask = np.array([[True, True, True, False]])
    assert metrics.counts(positions, 15).sum() == 3
    assert metrics.counts(positions, 15, mask).sum() == 2


def test_nobody_is_no_group_and_has_no_distance():
    nobody = metrics.counts(np.full((1, 4, 2), -1), 15)
    assert metrics.largest_group(nobody).tolist() == [0]
    assert metrics.is_gathered(nobody).tolist() == [False]
    assert metrics.mean_pair_distance(nobody).tolist() == [0]


def test_the_first_half_of_an_episode_counts_for_how_soon_and_the_second_for_how_long():
    gathered = np.zeros((50, 3), dtype=bool)
    gathered[4:, 0] = True
    gathered[30:40, 1] = True
    assert metrics.in_group(gathered).tolist() == [1.0, 0.4, 0.0]
    assert metrics.first_gathered(gathered).tolist() == [5, 31, 50]
