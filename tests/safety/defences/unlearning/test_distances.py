"""How near anchored steps surely come, against every way they can go and against the algebra."""

import itertools
import math

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from rallypoint.errors import InvalidConfig
from rallypoint.safety.defences.unlearning import (
    Logistic,
    Ridge,
    descend_to_delete,
    distance_after,
    noise_deviation,
    radius,
    unlearn,
)


class Scripted:
    """Chance that draws these rows, and no noise."""

    def __init__(self, rows):
        self._rows = np.asarray(rows)

    def choice(self, rows, size):
        assert size == len(self._rows)
        return self._rows

    def normal(self, size):
        return np.zeros(size)


def by_hand(smoothness, mu, steps, delta):
    """Return the distance over the radius, by one a after another."""

    def square(log_a):
        at_end = a = math.exp(log_a)
        added = 0.0
        for step in reversed(range(steps)):
            rate = 2 / (mu * (step + 2) + 2 * smoothness)
            v = rate**2 * (smoothness - mu) ** 2
            if a > 1e100:
                return 1e9  # no bound
            added += a * v + 10 * a**2 * v**2
            a = (1 - rate * mu) ** 2 * (a + 5 / 2 * a**2 * v)
        return (a + added - math.log(delta)) / at_end

    found = minimize_scalar(square, bounds=(-4, 12), method="bounded")
    return min(2.0, math.sqrt(found.fun))


@pytest.mark.parametrize("delta", [0.3, 1e-5])
@pytest.mark.parametrize(("smoothness", "steps"), [(0.11, 50), (0.2, 300), (0.5, 1500)])
def test_it_is_the_bound_of_its_proof(smoothness, steps, delta):
    found = distance_after(3.0, smoothness=smoothness, mu=0.1, steps=steps, delta=delta)
    expected = by_hand(smoothness, 0.1, steps, delta)
    assert expected * (1 - 1e-9) <= found / 3.0 <= 1.03 * expected  # as far as a few tried a tell


@pytest.mark.parametrize("seed", range(4))
def test_of_all_ways_that_steps_can_go_no_more_than_so_many_end_further_off(seed):
    rng = np.random.default_rng(seed)
    steps, mu = 9, 1.0
    x = np.append(rng.uniform(-1, 1, 2), 2.0)[:, None] * 0.6
    head, forget = Ridge(x, np.array([1.0, -1.0, 3.0]), mu=mu), np.arange(3) == 2
    optimum, again = head.optimum(), head.only(~forget).optimum()
    away = []
    for script in itertools.product((0, 1), repeat=steps):
        found = unlearn(head, forget, optimum, steps=steps, rng=Scripted(script))
        away.append(float(np.linalg.norm(found.parameters - again)))
    for delta in (0.5, 0.2, 0.05):
        bound = distance_after(
            found.radius, smoothness=head.smoothness, mu=mu, steps=steps, delta=delta
        )
        assert np.mean(np.array(away) > bound) <= delta
        assert bound < 2 * found.radius


def test_it_falls_like_the_root_of_steps_and_never_exceeds_both_ends_of_the_ball():
    ask = {"smoothness": 0.3, "mu": 0.05, "delta": 1e-5}
    found = [distance_after(1.0, steps=steps, **ask) for steps in (0, 10, 5000, 20_000)]
    assert found[1] == 2.0
    assert found[0] <= 1.0 + 1e-3  # who takes no step is in the middle
    assert found[3] == pytest.approx(found[2] / 2, rel=0.05)
    assert distance_after(0.0, steps=10, **ask) == 0.0
    assert distance_after(2.0, steps=5000, **ask) == pytest.approx(2 * found[2])
    assert distance_after(1.0, steps=5000, **(ask | {"delta": 1e-9})) > found[2]


def some_head(mu=0.05):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 5)) / math.sqrt(5)
    y = np.where(x @ np.arange(5.0) + rng.normal(size=400) > 0, 1.0, -1.0)
    return Logistic(x, y, mu=mu), np.arange(400) < 8


def test_noise_hides_the_distance_that_is_left_after_so_many_steps():
    head, forget = some_head()
    optimum, again = head.optimum(), head.only(~forget).optimum()
    ask = {"smoothness": 1.0, "epsilon": 0.5, "delta": 1e-4, "largest": 3.0}
    deviations = []
    for steps in (50, 20_000):
        found = unlearn(head, forget, optimum, steps=steps, rng=np.random.default_rng(1), **ask)
        left = distance_after(found.radius, smoothness=1.0, mu=0.05, steps=steps, delta=5e-5)
        assert found.deviation == noise_deviation(left, 0.5, 5e-5)
        assert np.linalg.norm(found.before_noise - again) <= left
        deviations.append(found.deviation)
    assert deviations[0] == noise_deviation(2 * found.radius, 0.5, 5e-5)
    assert deviations[1] < 0.5 * deviations[0]


def test_a_smoothness_that_is_known_sets_the_rates_and_must_hold():
    head, forget = some_head()
    optimum, rng = head.optimum(), np.random.default_rng(0)
    slow = unlearn(head, forget, optimum, steps=1, rng=Scripted([20]), smoothness=9.95)
    usual = unlearn(head, forget, optimum, steps=1, rng=Scripted([20]))
    moved = [np.linalg.norm(found.parameters - optimum) for found in (slow, usual)]
    assert moved[0] * 10.0 == pytest.approx(moved[1] * (head.smoothness + 0.05))
    for forgets in (
        lambda **more: unlearn(head, forget, optimum, steps=1, rng=rng, **more),
        lambda **more: descend_to_delete(head, forget, optimum, steps=1, **more),
    ):
        for wrong in (0.2, math.inf, math.nan):
            with pytest.raises(InvalidConfig, match="one of these changes as fast as 0"):
                forgets(smoothness=wrong)


def test_full_steps_shrink_the_distance_no_faster_than_their_bound_says():
    # All rows that stay are alike: one direction is as steep as can be, the others as flat.
    x = np.zeros((6, 2))
    x[:5, 0], x[5, 1] = 2.0, 1.0
    head, forget = Ridge(x, np.array([1.0] * 5 + [3.0]), mu=0.5), np.arange(6) == 5
    optimum, again = head.optimum(), head.only(~forget).optimum()
    for steps in (1, 4):
        found, bound = descend_to_delete(head, forget, optimum, steps=steps)
        assert bound == pytest.approx((4 / 5) ** steps * radius(head, forget, optimum))
        assert np.linalg.norm(found - again) == pytest.approx(
            (4 / 5) ** steps * np.linalg.norm(optimum - again)
        )
        known = descend_to_delete(head, forget, optimum, steps=steps, largest=7.0, smoothness=9.5)
        assert known[1] == pytest.approx((9 / 10) ** steps * 7.0 / 5 / 0.5)
        assert np.linalg.norm(known[0] - again) <= known[1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mu": 0.0}, "0 < mu <= smoothness"),
        ({"mu": 2.0}, "0 < mu <= smoothness"),
        ({"delta": 1.0}, r"delta in \(0, 1\)"),
        ({"radius": math.inf}, "finite radius"),
        ({"steps": -1}, "steps is a number >= 0, got -1"),
        ({"steps": 1.5}, "steps is an integer, got 1.5"),
    ],
)
def test_what_cannot_be_meant_is_refused(change, message):
    settings = {"radius": 1.0, "smoothness": 1.0, "mu": 0.1, "steps": 5, "delta": 0.1} | change
    with pytest.raises(InvalidConfig, match=message):
        distance_after(settings.pop("radius"), **settings)
