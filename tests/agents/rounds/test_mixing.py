"""Mixing among peers: how close an exchange brings the honest, whatever each of them is told."""

import numpy as np
import pytest

from rallypoint.agents.rounds.contraction import diameter
from rallypoint.agents.rounds.mixing import (
    check_mixing,
    contraction,
    explained_to_one,
    mixed_by_each,
    mixed_by_one,
)
from rallypoint.errors import InvalidConfig, RallypointError, TooManyByzantine

BOUNDED = {"monna": 5, "mda": 4, "trimmed_mean": 3}  # n > so many f
every_rule = pytest.mark.parametrize("mixing", list(BOUNDED))


def heard_by_each(honest, lies):
    """Return (n, n, d), the honest first; liars hold and say something honest to each other."""
    m, f = lies.shape[:2]
    among_liars = np.broadcast_to(honest[:1], (f, f, honest.shape[1]))
    said_by_liars = np.concatenate([lies, among_liars])
    said_by_honest = np.broadcast_to(honest, (m + f, *honest.shape))
    return np.concatenate([said_by_honest, said_by_liars], axis=1)


def two_faced(honest, f, rng):
    """Yield lies (m, f, d) of several kinds, most of them to be believed."""
    m, d = honest.shape
    away = honest - honest.mean(axis=0)
    lengths = np.linalg.norm(away, axis=1, keepdims=True)
    wide = diameter(honest)
    for reach in (0.5, 1.0, 3.0):
        outwards = honest + reach * wide * away / np.maximum(lengths, 1e-9)
        yield np.repeat(outwards[:, None], f, axis=1)
    yield np.repeat(honest[:, None], f, axis=1)
    yield 1e6 * rng.standard_normal((m, f, d))
    yield np.full((m, f, d), np.nan)
    yield honest[rng.integers(m, size=(m, f))]


@every_rule
@pytest.mark.parametrize("f", [1, 2, 3])
def test_an_exchange_brings_the_honest_as_close_as_is_said(mixing, f, rng):
    n = BOUNDED[mixing] * f + 1
    factor = contraction(mixing, n, f)
    assert factor < 1
    for _ in range(10):
        honest = rng.standard_normal((n - f, 2))
        for lies in two_faced(honest, f, rng):
            mixed = mixed_by_each(heard_by_each(honest, lies), mixing, f)[: n - f]
            if mixing == "trimmed_mean":  # coordinate by coordinate
                assert (np.ptp(mixed, axis=0) <= factor * np.ptp(honest, axis=0) + 1e-9).all()
            else:
                assert diameter(mixed) <= factor * diameter(honest) + 1e-9


@every_rule
def test_what_comes_out_is_near_the_honest(mixing, rng):
    """In their box for a trimmed mean; else 2 f / (n - f) diameters from their mean, at most."""
    n, f = 11, 2
    for _ in range(20):
        honest = rng.standard_normal((n - f, 3))
        for lies in two_faced(honest, f, rng):
            mixed = mixed_by_each(heard_by_each(honest, lies), mixing, f)[: n - f]
            if mixing == "trimmed_mean":
                assert (mixed <= honest.max(axis=0) + 1e-9).all()
                assert (mixed >= honest.min(axis=0) - 1e-9).all()
            else:
                far = np.linalg.norm(mixed - honest.mean(axis=0), axis=1)
                assert far.max() <= 2 * f / (n - f) * diameter(honest) + 1e-9


def test_two_crowds_with_a_liar_beyond_each_do_stay_as_far_apart_as_monna_allows():
    """Crowds at 0 and 1, and to those at 0 the liar says -1, to those at 1 it says 2."""
    for n, f in ((6, 1), (11, 2), (12, 2)):
        half = (n - f) // 2
        honest = np.repeat([0.0, 1.0], [half, n - f - half])[:, None]
        nudged = honest + np.where(honest == 0, 1e-9, -1e-9)  # a hair nearer than the other crowd
        lies = np.repeat((nudged + np.where(honest == 0, -1, 1))[:, None], f, axis=1)
        mixed = mixed_by_each(heard_by_each(honest, lies), "monna", f)[: n - f]
        assert diameter(mixed) == pytest.approx(contraction("monna", n, f), abs=1e-6)


def test_by_hand():
    # Peers at 0, 1, 2, 3, 4 and a liar who tells the first that it is at -0.5, all others at 9.
    honest = np.arange(5.0)[:, None]
    lies = np.array([-0.5, 9, 9, 9, 9])[:, None, None]
    for mixing in ("monna", "mda"):  # the first leaves out 4 then, and everybody else the liar
        mixed = mixed_by_each(heard_by_each(honest, lies), mixing, 1)[:5]
        np.testing.assert_allclose(mixed.ravel(), [1.1, 2, 2, 2, 2])
    trimmed = mixed_by_each(heard_by_each(honest, lies), "trimmed_mean", 1)[:5]
    np.testing.assert_allclose(trimmed.ravel(), [1.5, 2.5, 2.5, 2.5, 2.5])


@every_rule
def test_nobody_lies_and_one_exchange_makes_all_alike(mixing, rng):
    honest = rng.standard_normal((7, 4)).astype(np.float32)
    mixed = mixed_by_each(np.broadcast_to(honest, (7, 7, 4)), mixing, 0)
    assert mixed.dtype == np.float32
    np.testing.assert_allclose(mixed, np.tile(honest.mean(axis=0), (7, 1)), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "mixing", [*BOUNDED, "nnm+median", "centered_clipping", "geometric_median"]
)
def test_what_all_hear_alike_is_mixed_as_if_each_had_been_told_by_itself(mixing, rng):
    honest = rng.standard_normal((11, 5)).astype(np.float32)
    shared = np.broadcast_to(honest, (11, 11, 5))
    alone = np.stack([mixed_by_one(peer, honest, mixing=mixing, f=2) for peer in range(11)])
    assert mixed_by_each(shared, mixing, 2).tobytes() == alone.tobytes()
    assert mixed_by_each(shared.copy(), mixing, 2).tobytes() == alone.tobytes()


def test_clipping_is_around_oneself(rng):
    """Nobody moves further from where it is than the radius, however far the others are."""
    held = 100 * rng.standard_normal((11, 3))
    shared = np.broadcast_to(held, (11, 11, 3))
    mixed = mixed_by_each(shared, "centered_clipping(tau=1)", 2)
    moved = np.linalg.norm(mixed - held, axis=1)
    assert (moved <= 1 + 1e-9).all()
    assert (moved > 0).all()


def test_iterated_agreement_ends_in_one_place_whatever_each_is_told(rng):
    n, f = 13, 3
    held = rng.standard_normal((n - f, 6))
    start, apart = held.copy(), [diameter(held)]
    for _ in range(60):
        away = held - held.mean(axis=0)
        lies = np.repeat((held + 0.5 * away)[:, None], f, axis=1)
        held = mixed_by_each(heard_by_each(held, lies), "mda", f)[: n - f]
        apart.append(diameter(held))
    assert apart[-1] < 1e-5 * apart[0]
    # The moves away from the honest mean add up as a geometric series does.
    bound = 2 * f / (n - f) / (1 - contraction("mda", n, f)) * apart[0]
    assert np.linalg.norm(held[0] - start.mean(axis=0)) <= bound


def test_it_is_said_who_was_believed():
    rows = np.array([[0.0], [1.0], [2.0], [3.0], [4.0], [900.0]])
    told = explained_to_one(1, rows, mixing="monna", f=1)
    np.testing.assert_allclose(told.weights, [0.2] * 5 + [0])


@pytest.mark.parametrize(
    ("mixing", "n", "f", "why"),
    [
        ("monna", 5, 1, "n >= 6"),
        ("mda", 8, 2, "n >= 9"),
        ("trimmed_mean", 6, 2, "n >= 7"),
        ("mean", 3, 1, "n >= 4"),
        ("bulyan", 6, 1, "4 f"),
        ("bucketing(size=2)+median", 12, 2, "needs rng"),
        ("fltrust", 12, 2, "needs root"),
        ("monnaa", 12, 2, "monna"),
    ],
)
def test_rules_that_do_not_bring_peers_together_are_refused(mixing, n, f, why):
    with pytest.raises(RallypointError, match=why) as refused:
        check_mixing(mixing, n, f)
    if why.startswith("n >="):
        assert isinstance(refused.value, TooManyByzantine)
    if why.startswith("needs"):
        assert isinstance(refused.value, InvalidConfig)
