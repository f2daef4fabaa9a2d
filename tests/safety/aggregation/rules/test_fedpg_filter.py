"""The filter of FedPG-BR."""

import numpy as np
import pytest

from rallypoint.errors import InvalidConfig, TooManyByzantine
from rallypoint.safety.aggregation import aggregate, explain
from rallypoint.safety.aggregation.conformance import assert_is_aggregator
from rallypoint.safety.aggregation.parts import Context
from rallypoint.safety.aggregation.rules.fedpg_filter import FedpgFilter, calibrated_sigma, spread
from rallypoint.safety.aggregation.span import Span


def reference(updates, *, sigma, delta=0.6, batch=16, alpha=0.4):
    n = len(updates)
    v = 2 * np.log(2 * n / delta)

    def believed(radius):
        compact = [
            one
            for one in updates
            if sum(np.linalg.norm(one - other) <= radius for other in updates) > n / 2
        ]
        if not compact:
            return []
        middle = np.mean(compact, axis=0)
        offsets = [round(np.linalg.norm(one - middle), 9) for one in compact]
        sums = [sum(np.linalg.norm(one - other) ** 2 for other in updates) for one in compact]
        centre = compact[min(range(len(compact)), key=lambda i: (offsets[i], sums[i]))]
        return [one for one in updates if np.linalg.norm(one - centre) <= radius]

    good = believed(2 * sigma * np.sqrt(v / batch))
    if len(good) < (1 - alpha) * n or not good:
        good = believed(2 * sigma)
    return np.mean(good, axis=0) if good else np.zeros(updates.shape[1])


def test_the_published_numbers():
    assert spread(10, 0.6) == pytest.approx(7.0131, abs=5e-5)
    for sigma, batch, radius in ((0.06, 16, 0.0794), (0.07, 32, 0.0655), (0.9, 48, 0.6880)):
        assert 2 * sigma * np.sqrt(spread(10, 0.6) / batch) == pytest.approx(radius, abs=5e-5)


@pytest.mark.parametrize("seed", range(60))
def test_it_does_what_a_plain_loop_does(seed):
    rng = np.random.default_rng(seed)
    n, d = int(rng.integers(3, 14)), int(rng.integers(1, 6))
    updates = rng.standard_normal((n, d))
    updates[: (n - 1) // 2] += rng.uniform(0, 3)
    settings = {
        "sigma": float(rng.uniform(0.1, 3)),
        "delta": float(rng.uniform(0.1, 0.9)),
        "batch": int(rng.integers(1, 40)),
        "alpha": float(rng.choice([0.0, 0.2, 0.4])),
    }
    found = aggregate("fedpg_filter", updates, f=1, **settings)
    assert np.allclose(found, reference(updates, **settings))


def test_all_three_ways_out_are_met_by_those_loops():
    first, second, nobody = 0, 0, 0
    for seed in range(60):
        updates = np.random.default_rng(seed).standard_normal((9, 3))
        radius = 2 * np.sqrt(spread(9, 0.6) / 16)
        close = [
            max((np.linalg.norm(updates - one, axis=1) <= reach).sum() for one in updates)
            for reach in (radius, 2.0)
        ]
        first += close[0] > 6
        second += close[0] <= 4 < close[1]
        nobody += close[1] <= 4
        assert np.allclose(
            aggregate("fedpg_filter", updates, f=1, sigma=1.0), reference(updates, sigma=1.0)
        )
    assert min(first, second, nobody) > 0


def test_by_hand():
    # V(4, .5) = 2 ln 16 = 5.545, so the radii are 1.177 and 2 with sigma = 1 and a batch of 16.
    updates = np.array([[0.0], [1], [1.1], [9]])
    settings = {"sigma": 1.0, "delta": 0.5, "alpha": 0.3}
    assert np.allclose(aggregate("fedpg_filter", updates, f=1, **settings), [0.7])
    # 1.5 of 4 would have to be near one another: only with the second radius are three.
    updates = np.array([[0.0], [1.5], [3], [9]])
    told = explain("fedpg_filter", updates, f=1, **settings)
    assert np.allclose(told.weights, [1 / 3, 1 / 3, 1 / 3, 0])


@pytest.mark.parametrize("kept", ["exactly as many", "one fewer"])
def test_the_first_radius_is_enough_for_exactly_those_that_are_reckoned_honest(kept):
    """Whatever (1 - f / n) n is in floating-point numbers; the second radius holds all."""
    for n in range(3, 100):
        for f in range(1, (n - 1) // 2 + 1):
            far = f + (kept == "one fewer")
            if 2 * far >= n:
                continue
            updates = np.zeros((n, 1))
            updates[:far] = 0.9 * 2.0  # the first radius is far smaller
            told = explain("fedpg_filter", updates, f=f, sigma=1.0, batch=10_000, alpha=f / n)
            assert len(told.believed) == (n - f if kept == "exactly as many" else n), (n, f)


def test_where_nobody_passes_it_believes_nobody():
    updates = 10 * np.eye(5)
    told = explain("fedpg_filter", updates, f=1)
    assert not told.weights.any()
    assert told.anchors == {"origin": 1.0}
    assert not aggregate("fedpg_filter", updates, f=1).any()


def test_a_batch_of_the_round_goes_before_the_settled_one():
    updates = np.array([[0.0], [0.64], [0.66], [3]])
    small = aggregate("fedpg_filter", updates, f=1, sigma=0.3, batch=4, alpha=0.3)
    told = Context(extra={"batch": 4})
    assert np.array_equal(
        aggregate("fedpg_filter", updates, f=1, context=told, sigma=0.3, batch=400, alpha=0.3),
        small,
    )
    large = aggregate("fedpg_filter", updates, f=1, sigma=0.3, batch=400, alpha=0.3)
    assert not np.array_equal(small, large)


def test_noise_is_left_out_and_a_reversed_update_within_the_radius_is_not(rng):
    mean = np.full(50, 0.02 / np.sqrt(50))  # shorter than the radius
    updates = mean + 0.003 * rng.standard_normal((10, 50))
    updates[0] = rng.standard_normal(50)
    updates[1] = -mean
    told = explain("fedpg_filter", updates, f=3)
    assert told.weights[0] == 0
    assert told.weights[1] > 0


def test_a_calibrated_sigma_puts_nine_of_ten_honest_pairs_within_the_radius(rng):
    updates = rng.standard_normal((40, 10, 30))
    sigma = calibrated_sigma(updates, batch=16)
    radius = 2 * sigma * np.sqrt(spread(10, 0.6) / 16)
    distances = np.linalg.norm(updates[:, :, None] - updates[:, None], axis=-1)
    pairs = distances[:, *np.triu_indices(10, 1)]
    assert (pairs <= radius).mean() == pytest.approx(0.9, abs=1e-3)
    assert calibrated_sigma(7 * updates, batch=16) == pytest.approx(7 * sigma)
    assert calibrated_sigma(updates[0], batch=16) == pytest.approx(sigma, rel=0.2)


@pytest.mark.parametrize("shape", [(3,), (1, 3), (2, 1, 3)])
def test_one_update_has_no_distance_to_calibrate_by(shape):
    with pytest.raises(InvalidConfig, match="n >= 2"):
        calibrated_sigma(np.zeros(shape), batch=16)


def test_it_keeps_the_contract():
    assert_is_aggregator(
        FedpgFilter(sigma=2.0), reference=lambda updates, f: reference(updates, sigma=2.0)
    )


@pytest.mark.parametrize(
    "wrong", [{"sigma": 0.0}, {"delta": 1.0}, {"batch": 0}, {"alpha": 0.5}, {"alpha": -0.1}]
)
def test_settings_that_cannot_be_meant_are_refused(wrong):
    with pytest.raises(InvalidConfig, match=next(iter(wrong))):
        FedpgFilter(**wrong)


def test_half_of_all_is_too_many():
    with pytest.raises(TooManyByzantine, match=r"n >= 2 f \+ 1"):
        aggregate("fedpg_filter", np.zeros((4, 2)), f=2)


def test_equal_updates_are_believed_whatever_rounding_makes_of_their_distances():
    for seed in range(20):
        far = np.random.default_rng(seed).uniform(1e5, 1e6, (11, 1))
        far[1:] = far[0] * (1 + 1e-13 * np.arange(10)[:, None])
        # About a centre so far away, what is left of their distances is rounding, of either sign.
        span = Span(far @ far.T, 10, {"origin": slice(10, 11)}, sampled=None)
        weights = FedpgFilter(sigma=1.0).weights(span, 3, Context())
        assert np.allclose(weights, [*[0.1] * 10, 0])


def test_whoever_is_just_as_far_as_the_radius_is_near():
    # With a batch so large the first radius is too small for anybody; the second one is 2.
    told = explain("fedpg_filter", np.array([[0.0], [2], [4], [9]]), f=1, sigma=1.0, batch=10**6)
    assert np.allclose(told.weights, [1 / 3, 1 / 3, 1 / 3, 0])
