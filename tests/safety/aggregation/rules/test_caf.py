"""CAF."""

import numpy as np
import pytest

from rallypoint.safety.aggregation import covariance
from rallypoint.safety.aggregation.compiling import SOLVERS
from rallypoint.safety.aggregation.rules.caf import Caf


def reference(updates, f, compared=lambda credit: credit > 0):
    credit, best = np.ones(len(updates)), (np.inf, None)
    while best[1] is None or credit.sum() > len(updates) - 2 * f:
        mean = credit @ updates / credit.sum()
        values, vectors = np.linalg.eigh(np.atleast_2d(np.cov(updates.T, aweights=credit, ddof=0)))
        best = min(best, (values[-1], mean.tolist()))
        away = ((updates - mean) @ vectors[:, -1]) ** 2 * compared(credit)
        credit = credit * (1 - away / away.max())
    return np.array(best[1])


def test_it_is_the_mean_with_the_least_widest_direction(case, answer):
    updates, f, _ = case
    assert np.allclose(answer(Caf(), updates, f), reference(updates, f))


@pytest.mark.parametrize("seed", range(20))
def test_liars_together_or_apart(seed, answer):
    rng = np.random.default_rng(seed)
    updates = rng.standard_normal((12, 6))
    updates[:4] += 3 if seed % 2 else 10 * rng.standard_normal((4, 6))
    assert np.allclose(answer(Caf(), updates, 4), reference(updates, 4))


def counted_directions(monkeypatch):
    """Return a list that grows with every direction, none of which is found by compiled loops."""
    rounds, widest = [], covariance.widest
    monkeypatch.setattr(SOLVERS, "loops", lambda _: None)
    monkeypatch.setattr(covariance, "widest", lambda *given: rounds.append(0) or widest(*given))
    return rounds


def test_by_hand(answer, monkeypatch):
    rounds = counted_directions(monkeypatch)
    # The outlier at 10 loses all credit at once, the mean goes from 2.2 to 0.2612, and the next
    # round takes enough to end. (A rule that compares those without credit too takes 137 rounds.)
    updates = np.array([[0.0], [0], [0], [1], [10]])
    assert np.allclose(answer(Caf(), updates, 1), [0.2612], atol=5e-5)
    assert len(rounds) == 2


def test_what_was_recorded_is_what_comparing_those_without_credit_gives(answer):
    updates = np.random.default_rng(7).standard_normal((11, 4))
    updates[9:] += 3
    expected = [-0.498780, -0.414678, -0.561806, -0.094894]  # byzpy 0.1.4, 200 power iterations
    assert np.allclose(reference(updates, 2, compared=np.ones_like), expected, atol=1e-6)
    ours = [-0.510519, -0.426225, -0.563968, -0.104276]
    assert np.allclose(answer(Caf(), updates, 2), ours, atol=1e-6)


@pytest.mark.parametrize("f", [1, 3, 9])
def test_it_takes_at_most_one_round_for_each_update_it_may_lose(f, span_of, monkeypatch, rng):
    rounds = counted_directions(monkeypatch)
    updates = np.diag(10.0 ** np.arange(20)) + rng.standard_normal((20, 20))
    Caf().weights(span_of(updates), f, None)
    assert f < len(rounds) <= 2 * f + 1


def test_the_same_updates_give_the_same_bits(case, answer):
    updates, f, _ = case
    assert len({answer(Caf(), updates, f).tobytes() for _ in range(20)}) == 1
