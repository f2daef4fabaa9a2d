"""Forgetting, against training again, and against what can be proved of it."""

import math

import numpy as np
import pytest

from rallypoint.errors import InvalidConfig
from rallypoint.safety.defences.unlearning import (
    Logistic,
    Ridge,
    contributions,
    descend_to_delete,
    downdate,
    noise_deviation,
    plain_sgd,
    radius,
    unlearn,
)

MU, ROWS, ENTRIES = 0.05, 1000, 10


def logistic(seed, share):
    """Return a head some of whose rows have flipped targets, and which: they are to go."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(ROWS, ENTRIES)) / math.sqrt(ENTRIES)
    truth = 3 * rng.normal(size=ENTRIES)
    y = np.where(rng.random(ROWS) < 1 / (1 + np.exp(-x @ truth)), 1.0, -1.0)
    forget = np.arange(ROWS) < share * ROWS
    return Logistic(x, np.where(forget, -y, y), mu=MU), forget


def ridge(seed, share=0.1):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(120, 4))
    y = x @ rng.normal(size=4) + 0.3 * rng.normal(size=120)
    return Ridge(x, y, mu=0.1), np.arange(120) < share * 120


@pytest.mark.parametrize("make", [logistic, ridge])
def test_an_optimum_has_no_gradient_and_gradients_are_those_of_the_loss(make):
    head, _ = make(0, 0.1)
    assert np.linalg.norm(head.gradient(head.optimum())) <= 1e-10
    theta, width = np.linspace(-1, 1, head.x.shape[1]), 1e-6
    rows = [head.gradient_of(theta, row) for row in range(len(head.y))]
    np.testing.assert_allclose(np.mean(rows, axis=0), head.gradient(theta), atol=1e-12)

    def loss(at):
        scores = head.x @ at
        if isinstance(head, Ridge):
            smooth = (scores - head.y) ** 2 / 2
        else:
            smooth = np.log1p(np.exp(-head.y * scores))
        return smooth.mean() + head.mu / 2 * at @ at

    for entry in np.eye(len(theta)):
        found = (loss(theta + width * entry) - loss(theta - width * entry)) / (2 * width)
        assert head.gradient(theta) @ entry == pytest.approx(found, abs=1e-7)


@pytest.mark.parametrize("make", [logistic, ridge])
def test_at_the_optimum_what_goes_tells_the_gradient_of_what_stays(make):
    head, forget = make(1, 0.2)
    optimum = head.optimum()
    ratio = forget.sum() / (~forget).sum()
    stays = head.gradient(optimum, ~forget)
    np.testing.assert_allclose(stays, -ratio * head.gradient(optimum, forget), atol=1e-8)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("share", [0.01, 0.05, 0.2])
def test_the_ball_holds_what_training_again_finds(seed, share):
    head, forget = logistic(seed, share)
    optimum = head.optimum()
    again = head.only(~forget).optimum()
    rho = radius(head, forget, optimum)
    assert np.linalg.norm(again - optimum) <= rho
    largest = head.x.shape[1] ** 0.5 + head.mu * np.linalg.norm(optimum)
    assert radius(head, forget, optimum, largest=2 * largest) >= rho


@pytest.mark.parametrize("off", [1e-3, 0.1, 0.5, 5.0])
@pytest.mark.parametrize("make", [logistic, ridge])
def test_the_ball_holds_it_and_bounds_hold_where_training_stopped_too_early(make, off):
    head, forget = make(9, 0.05)
    nearly = head.optimum() * (1 + off)
    again = head.only(~forget).optimum()
    rho = radius(head, forget, nearly)
    assert np.linalg.norm(again - nearly) <= rho
    assert radius(head, forget, nearly, largest=1e3) >= rho
    for steps in (0, 5):
        found, bound = descend_to_delete(head, forget, nearly, steps=steps)
        assert np.linalg.norm(found - again) <= bound + 1e-12
    anchored = unlearn(head, forget, nearly, steps=2000, rng=np.random.default_rng(0), epsilon=1)
    away = np.linalg.norm(anchored.before_noise - again)
    assert away < 0.3 * np.linalg.norm(nearly - again) + 0.01  # what is left is corrected for
    assert anchored.deviation >= noise_deviation(away, 1.0, 0.5e-5)


def test_a_bound_on_gradients_that_does_not_hold_is_no_guarantee():
    head, forget = logistic(10, 0.05)
    optimum, rng = head.optimum(), np.random.default_rng(0)
    for largest in (0.0, 0.1):
        with pytest.raises(InvalidConfig, match=r"to forget is 0\.\d+ on average; give a"):
            unlearn(head, forget, optimum, steps=1, rng=rng, epsilon=1.0, largest=largest)
    found = unlearn(head, forget, optimum, steps=1, rng=rng, epsilon=1.0, largest=9.0)
    assert found.deviation > 0


def test_a_downdate_is_training_again():
    head, forget = ridge(2)
    np.testing.assert_allclose(downdate(head, forget), head.only(~forget).optimum(), atol=1e-10)


@pytest.mark.parametrize("share", [0.01, 0.05])
def test_anchored_steps_come_nearer_than_plain_ones_with_as_many_gradients(share):
    away = []
    for seed in range(20):
        head, forget = logistic(seed, share)
        optimum, again = head.optimum(), head.only(~forget).optimum()
        ours = unlearn(head, forget, optimum, steps=500, rng=np.random.default_rng(seed))
        plain = plain_sgd(
            head, forget, optimum, steps=ours.gradients, rng=np.random.default_rng(seed)
        )
        assert ours.gradients == 1000 + forget.sum()
        away.append([np.linalg.norm(at - again) for at in (optimum, ours.parameters, plain)])
    start, ours, plain = np.mean(away, axis=0)
    assert ours < 0.3 * start
    assert ours < 0.3 * plain


def test_full_steps_keep_their_bound():
    head, forget = logistic(3, 0.1)
    optimum, again = head.optimum(), head.only(~forget).optimum()
    for steps in (0, 1, 5, 30):
        found, bound = descend_to_delete(head, forget, optimum, steps=steps)
        assert np.linalg.norm(found - again) <= bound + 1e-12


def test_what_was_never_there_need_not_be_forgotten():
    head, _ = logistic(4, 0.1)
    optimum, nothing = head.optimum(), np.zeros(ROWS, dtype=bool)
    found = unlearn(head, nothing, optimum, steps=20, rng=np.random.default_rng(0))
    np.testing.assert_allclose(found.parameters, optimum, atol=1e-9)
    assert found.radius == 0
    head, _ = ridge(4)
    nothing = np.zeros(120, dtype=bool)
    np.testing.assert_allclose(downdate(head, nothing), head.optimum(), atol=1e-10)


def test_noise_has_the_deviation_that_the_guarantee_asks_for():
    head, forget = logistic(5, 0.05)
    optimum = head.optimum()
    settings = {"steps": 5, "epsilon": 0.5, "delta": 1e-4, "distance": 0.02}
    found = [
        unlearn(head, forget, optimum, rng=np.random.default_rng(seed), **settings)
        for seed in range(300)
    ]
    expected = 0.02 * math.sqrt(2 * math.log(1.25 / 5e-5)) / 0.5
    assert found[0].deviation == pytest.approx(expected) == noise_deviation(0.02, 0.5, 5e-5)
    noise = np.array([one.parameters - one.before_noise for one in found])
    assert noise.std() == pytest.approx(expected, rel=0.05)


def test_the_radius_is_attained_where_nothing_but_the_ridge_bends_the_loss_of_what_stays():
    features, targets = np.zeros((10, 2)), np.zeros(10)
    features[:3], targets[:3] = [[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]], [1.0, -1.0, 2.0]
    head, forget = Ridge(features, targets, mu=0.2), np.arange(10) < 3
    optimum = head.optimum()
    away = np.linalg.norm(head.only(~forget).optimum() - optimum)
    assert radius(head, forget, optimum) == pytest.approx(float(away), rel=1e-9)


class Scripted:
    """Chance that draws these rows, and no noise."""

    def __init__(self, rows):
        self._rows = np.asarray(rows)

    def choice(self, rows, size):
        assert size == len(self._rows)
        assert np.isin(self._rows, rows).all()
        return self._rows

    def normal(self, size):
        return np.zeros(size)


def test_noise_hides_whatever_the_samples_lead_to():
    # Nearly all rows that stay have no features, and the new optimum is at the edge of the ball.
    # Steps on them lead there, and steps on a few others turn round, to the far side of it.
    turns = np.deg2rad(np.linspace(10, 120, 12))
    empty = 40_000
    features = np.zeros((empty + len(turns) + 1, 2))
    features[empty:-1] = np.sqrt(40) * np.stack([-np.sin(turns), np.cos(turns)], axis=1)
    features[-1] = [1, 0]
    head = Ridge(features, (np.arange(len(features)) == len(features) - 1).astype(float), mu=1.0)
    forget = np.arange(len(features)) == len(features) - 1
    script = [0] * 320 + np.repeat(np.arange(empty, empty + len(turns)), 8).tolist()
    found = unlearn(
        head, forget, head.optimum(), steps=len(script), rng=Scripted(script), epsilon=1.0
    )
    away = float(np.linalg.norm(found.before_noise - head.only(~forget).optimum()))
    assert away > 1.3 * found.radius
    assert found.deviation >= noise_deviation(away, 1.0, 0.5e-5)


@pytest.mark.parametrize("size", [1.0, 1e6, 1e10])
def test_a_downdate_leaves_nothing_of_rows_however_large(size):
    head, forget = ridge(8)
    large = np.where(forget, size, 1.0)
    poisoned = Ridge(head.x * large[:, None], -head.y * large, mu=head.mu)
    again = Ridge(head.x[~forget], -head.y[~forget], mu=head.mu).optimum()
    np.testing.assert_allclose(downdate(poisoned, forget), again, rtol=1e-9)


def test_an_audit_names_who_moved_the_optimum():
    for make, seed in ((logistic, 6), (ridge, 7)):
        head, _ = make(seed, 0.0)
        owners = np.arange(len(head.y)) % 10
        lies = owners == 3
        poisoned = type(head)(head.x, np.where(lies, -head.y, head.y), mu=head.mu)
        found = contributions(poisoned, owners, poisoned.optimum())
        assert found.argmax() == 3
        by_hand = np.linalg.norm(poisoned.only(owners != 3).optimum() - poisoned.optimum())
        assert found[3] == pytest.approx(by_hand)


def refuses(make, says):
    with pytest.raises(InvalidConfig, match=says):
        make()


def test_what_cannot_be_meant_is_refused():
    head, forget = logistic(0, 0.1)
    optimum, rng = head.optimum(), np.random.default_rng(0)
    every = np.ones(ROWS, dtype=bool)
    refuses(lambda: Ridge(head.x, head.y, mu=0.0), "strongly convex loss: a ridge mu > 0, got 0.0")
    refuses(lambda: Logistic(head.x, head.y + 1, mu=0.1), "targets are -1 or 1")
    refuses(lambda: Ridge(head.x, head.y[:-1], mu=0.1), "features are")
    refuses(lambda: Ridge(head.x * np.nan, head.y, mu=0.1), "finite; drop the rows")
    refuses(
        lambda: unlearn(head, every, optimum, steps=1, rng=rng), "everything is to be forgotten"
    )
    refuses(lambda: unlearn(head, forget[1:], optimum, steps=1, rng=rng), "is a bool array")
    refuses(lambda: unlearn(head, forget, optimum, steps=0, rng=rng), "steps is a number")
    refuses(lambda: noise_deviation(1.0, 2.0, 0.1), r"epsilon in \(0, 1\]")
    refuses(lambda: noise_deviation(-1.0, 0.5, 0.1), "a finite distance >= 0")
    refuses(lambda: radius(head, forget, optimum, largest=math.nan), "bound on a gradient >= 0")
    refuses(lambda: descend_to_delete(head, forget, optimum, steps=-1), "full gradients >= 0")
    refuses(
        lambda: unlearn(head, forget, optimum, steps=1, rng=rng, epsilon=0.5, delta=1.5),
        r"delta lies in \(0, 1\), got 1.5",
    )
    refuses(lambda: unlearn(head, forget, optimum, steps=1.5, rng=rng), "gradients >= 1, got 1.5")
    refuses(lambda: plain_sgd(head, forget, optimum, steps=-1, rng=rng), "gradients >= 0, got -1")
    refuses(lambda: unlearn(head, forget, optimum, steps=1, rng=rng, delta=0), "delta lies in")
    refuses(
        lambda: unlearn(head, forget, optimum, steps=1, rng=rng, distance=1.0),
        "distance = 1.0 is what noise hides, and without epsilon there is none",
    )
    masked = np.ma.masked_equal(optimum, optimum[0])
    for wrong in (optimum[1:], optimum * np.nan, "optimum", masked):
        refuses(lambda wrong=wrong: radius(head, forget, wrong), r"optimum is finite|masked in the")
        refuses(lambda wrong=wrong: contributions(head, np.arange(ROWS) % 2, wrong), "optimum|mask")
    refuses(lambda: Ridge(head.x * 1e200, head.y, mu=0.1), "too large to be summed; bring them")
    refuses(lambda: Ridge([[1.0, 2.0], [3.0]], [1.0, 2.0], mu=0.1), "features are numbers")
    refuses(lambda: Ridge(np.zeros((5, 0)), np.zeros(5), mu=0.1), "at least one of each")
    masked = np.ma.masked_greater(head.x, 0.0)
    refuses(lambda: Ridge(masked, head.y, mu=0.1), "what is masked in features would count")
    assert Ridge(np.ma.masked_array(head.x), head.y, mu=np.float32(0.1)).mu == pytest.approx(0.1)
    refuses(lambda: Ridge(head.x, head.y, mu="1"), "mu is a number, got '1'")
    refuses(lambda: contributions(head, np.arange(ROWS) * 10**15, optimum), "with rows each")
    refuses(lambda: downdate(head, forget), "ridge regression only; use unlearn")
    refuses(lambda: contributions(head, np.zeros(ROWS, dtype=int), optimum), "two owners or more")
    refuses(lambda: contributions(head, np.arange(ROWS) % 2 * 2, optimum), "with rows each")
