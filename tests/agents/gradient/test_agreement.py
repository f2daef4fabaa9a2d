"""Agreement without a server: beside all subsets, and under liars who tell everybody another."""

from itertools import combinations

import numpy as np
import pytest

from rallypoint.agents.gradient.agreement import agree
from rallypoint.errors import Diverged, InvalidConfig, TooManyByzantine


def diameter(points):
    return np.linalg.norm(points[:, None] - points, axis=2).max()


def averaged(received, f):
    """Return the mean of the closest n - f, found among all subsets."""
    subsets = combinations(range(len(received)), len(received) - f)
    best = min(subsets, key=lambda rows: diameter(received[list(rows)]))
    return received[list(best)].mean(axis=0), diameter(received[list(best)])


def test_it_is_repeated_averaging_of_the_closest(rng):
    honest = rng.standard_normal((5, 3))
    sent = rng.standard_normal((40, 5, 2, 3))
    found = agree(honest, 2, lies=lambda exchange, held: 3 * sent[exchange], tolerance=1e-3)
    held = honest
    for exchange in range(found.exchanges):
        told = [averaged(np.concatenate([held, lies]), 2) for lies in 3 * sent[exchange]]
        held = np.stack([mean for mean, _ in told])
        is_last = exchange == found.exchanges - 1
        assert (max(reach for _, reach in told) < 1e-3) == is_last
    np.testing.assert_allclose(found.parameters, held, atol=1e-9)


def test_without_liars_all_are_at_the_mean_after_one_exchange_and_know_after_two(rng):
    honest = rng.standard_normal((6, 4))
    found = agree(honest, 0)
    assert found.exchanges == 2
    np.testing.assert_allclose(found.parameters, np.tile(honest.mean(axis=0), (6, 1)))


@pytest.mark.parametrize(("n", "f"), [(5, 1), (9, 2), (13, 3)])
def test_two_faced_liars_do_not_keep_the_honest_apart(n, f, rng):
    """Each is told what lies within the honest diameter, on its own side."""
    honest = rng.standard_normal((n - f, 3))
    apart = []

    def lies(exchange, held):
        apart.append(diameter(held))
        away = held - held.mean(axis=0)
        return np.repeat((held + 0.5 * away)[:, None], f, axis=1)

    found = agree(honest, f, lies=lies)
    assert diameter(found.parameters) < 1e-5
    shrunk = np.array(apart[1:]) / np.array(apart[:-1])
    assert (shrunk <= 3 * f / (n - f) + 1e-9).all()
    assert (np.abs(found.parameters) <= np.abs(honest).max() + diameter(honest)).all()


def test_if_it_takes_too_long_that_is_said(rng):
    honest = rng.standard_normal((4, 3))
    with pytest.raises(Diverged, match="after 1 exchanges"):
        agree(honest, 1, exchanges=1)


def test_single_precision_is_kept(rng):
    honest = rng.standard_normal((5, 300)).astype(np.float32)
    assert agree(honest, 1).parameters.dtype == np.float32


def test_what_cannot_be_meant_is_refused():
    # Two honest ones, each of whom the liar tells what it holds itself, would never notice.
    with pytest.raises(TooManyByzantine, match="n >= 3 f"):
        agree(np.array([[0.0], [1.0]]), 1, lies=lambda _, held: held[:, None])
    with pytest.raises(InvalidConfig, match="lies are"):
        agree(np.zeros((4, 2)), 1, lies=lambda *_: np.zeros((4, 2)))
