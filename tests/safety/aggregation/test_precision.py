"""Right decisions where float32 products lose their digits."""

import numpy as np
import pytest

from rallypoint.safety.aggregation import aggregate
from rallypoint.safety.aggregation.grams import compared, refined
from rallypoint.safety.aggregation.rules.krum import scores
from rallypoint.safety.aggregation.updates import InMemory, Updates

SEEDS = 200
D = 1000


def exact_distances(updates):
    return np.array([np.square(updates - x).sum(axis=1) for x in updates.astype(np.float64)])


def exact_krum(updates, f):
    return updates[scores(np.sort(exact_distances(updates), axis=1), len(updates) - f - 2).argmin()]


def sharing_a_mean(rng, n, f, mean):
    return mean + 0.1 * rng.standard_normal((n, D), dtype=np.float32)


def with_one_far_away(rng, n, f, mean):
    updates = sharing_a_mean(rng, n, f, mean)
    updates[rng.integers(n)] = 1e6
    return updates


def two_clusters(rng, n, f, distance):
    updates = 0.1 * rng.standard_normal((n, D), dtype=np.float32)
    updates[rng.permutation(n)[:f]] += np.float32(distance) * rng.choice([-1, 1], D)
    return updates.astype(np.float32)


@pytest.mark.parametrize(
    ("scene", "size", "n", "f"),
    [
        (sharing_a_mean, 100, 20, 4),
        (sharing_a_mean, 1000, 20, 4),
        (sharing_a_mean, 1000, 30, 8),
        (with_one_far_away, 100, 20, 4),
        (with_one_far_away, 1000, 20, 4),
        (two_clusters, 10, 20, 8),
        (two_clusters, 1000, 20, 8),
        (two_clusters, 1e5, 20, 8),
    ],
)
def test_krum_finds_the_right_update_every_time(scene, size, n, f):
    for seed in range(SEEDS):
        updates = scene(np.random.default_rng(seed), n, f, size)
        assert np.array_equal(aggregate("krum", updates, f=f), exact_krum(updates, f)), seed


@pytest.mark.parametrize(
    "rule", ["caf", "filter(scale=0.1)", "geometric_median", "mda", "que(scale=0.1)", "smea"]
)
def test_a_shared_mean_costs_no_digits(rule):
    for seed in range(10):
        updates = with_one_far_away(np.random.default_rng(seed), 11, 3, 1000)
        found = aggregate(rule, updates, f=3)
        exact = aggregate(rule, updates.astype(np.float64), f=3)
        assert np.abs(found - exact).max() <= 2e-4  # float32 has 1.2e-4 between two numbers there
        assert np.abs(exact - 1000).max() < 1


@pytest.mark.parametrize("mean", [0, 0.05, 0.3, 1, 10])
@pytest.mark.parametrize("opposite", [0, 6, 9])
def test_distances_among_most_are_precise_wherever_the_origin_lies(mean, opposite, rng):
    updates = mean + 0.1 * rng.standard_normal((20, D), dtype=np.float32)
    updates[:opposite] *= -1
    found, exact = compared(InMemory(updates), 9).squared, exact_distances(updates)
    assert np.allclose(found[opposite:, opposite:], exact[opposite:, opposite:], rtol=3e-6)
    assert np.allclose(found, exact, rtol=1e-4)


def test_about_the_origin_only_where_updates_surround_it(rng, monkeypatch):
    centres = []
    gram = Updates.gram
    monkeypatch.setattr(
        Updates, "gram", lambda self, centre: centres.append(centre) or gram(self, centre)
    )
    drawn = rng.standard_normal((20, D), dtype=np.float32)
    for updates in (drawn, 3 + drawn, np.zeros_like(drawn)):
        compared(InMemory(updates), 4)
    assert len(centres) == 3  # what is chosen at first was right
    assert [centre is None for centre in centres] == [True, False, False]


def test_a_sample_on_which_they_surround_it_is_not_believed(rng):
    updates = (10 + 0.1 * rng.standard_normal((20, D))).astype(np.float32)
    updates[:, :512] = 0.1 * rng.standard_normal((20, 512))
    assert np.array_equal(aggregate("krum", updates, f=4), exact_krum(updates, 4))
    assert np.allclose(compared(InMemory(updates), 4).squared, exact_distances(updates), rtol=1e-5)


def test_a_plain_product_would_not():
    wrong = 0
    for seed in range(20):
        updates = sharing_a_mean(np.random.default_rng(seed), 20, 4, 100)
        norms = np.square(updates).sum(axis=1)
        plain = norms[:, None] + norms - 2 * updates @ updates.T
        found = updates[scores(np.sort(plain, axis=1), 14).argmin()]
        wrong += not np.array_equal(found, exact_krum(updates, 4))
    assert wrong > 10


@pytest.mark.parametrize("distance", [10, 1000, 1e5])
def test_a_centre_among_the_lies_is_noticed(distance):
    """Whichever update the Gram matrix was first taken about."""
    n, f = 20, 8
    for seed in range(SEEDS):
        updates = two_clusters(np.random.default_rng(seed), n, f, distance)
        exact = exact_distances(updates)
        liar = int(np.median(exact, axis=1).argmax())
        points = InMemory(updates)
        gram = refined(points, points.gram(liar))
        norms = np.diagonal(gram)
        found = norms[:, None] + norms - 2 * gram
        np.fill_diagonal(found, 0)
        assert np.array_equal(
            updates[scores(np.sort(found, axis=1), n - f - 2).argmin()], exact_krum(updates, f)
        )


@pytest.mark.parametrize("distance", [10, 1000, 1e5])
def test_distances_within_every_tight_group_are_precise(distance, rng):
    """Also within one far from the centre, and where no group has a majority."""
    updates = 0.1 * rng.standard_normal((21, D), dtype=np.float32)
    for group, size in ((slice(7, 14), 1.0), (slice(14, 21), -2.0)):
        updates[group] += np.float32(distance * size)
    rows, gram, *_ = compared(InMemory(updates), 7)
    assert rows.tolist() == list(range(21))
    exact, norms = exact_distances(updates), np.diagonal(gram)
    found = norms[:, None] + norms - 2 * gram
    # Squares are held in double, about one centre: those within the other groups keep three digits
    # where groups are 1e6 times as far apart as wide.
    assert np.allclose(found, exact, rtol=1e-3, atol=1e-2)


def test_a_lie_shaped_to_the_sample_gains_nothing(rng):
    """The centre is chosen on the first columns; there a lie can be in everybody's midst."""
    updates = (100 + 0.1 * rng.standard_normal((20, D))).astype(np.float32)
    updates[3, :512] = np.median(updates[:, :512], axis=0)
    updates[3, 512:] = 1e6
    assert np.array_equal(aggregate("krum", updates, f=4), exact_krum(updates, 4))


def test_nor_does_one_that_looks_harmless_there_and_overflows_elsewhere(rng):
    updates = rng.standard_normal((20, D)).astype(np.float32)
    for lie in (1e30, np.nan, np.inf):
        updates[3, :512] = np.median(updates[:, :512], axis=0)
        updates[3, 512:] = lie
        others = np.delete(updates, 3, axis=0)
        assert np.array_equal(aggregate("krum", updates, f=4), exact_krum(others, 3))
