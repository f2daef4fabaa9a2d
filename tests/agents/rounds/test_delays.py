"""Delays are functions of the seed, and as they are said to be."""

import numpy as np
import pytest

from rallypoint.agents.rounds.delays import DELAYS, ClockDelays, Coming, DrawnDelays
from rallypoint.errors import InvalidConfig

every_kind = pytest.mark.parametrize("kind", list(DELAYS))


def played(arrivals, n, events, *, current=100):
    """Let updates come, each ordered again at once; the server stays where it is."""
    came = []
    for _ in range(events):
        came.append(arrivals.next(current))
        arrivals.order(came[-1].contributor, current)
    return came


def began(kind, n=5, seed=3):
    arrivals = DELAYS[kind]().of(n, seed)
    for contributor in range(n):
        arrivals.order(contributor, 100)
    return arrivals


@every_kind
def test_the_same_seed_brings_the_same_and_another_another(kind):
    one, same, other = (played(began(kind, seed=seed), 5, 50) for seed in (3, 3, 4))
    assert one == same
    assert one != other


@every_kind
def test_nobody_comes_who_was_not_ordered(kind):
    arrivals = DELAYS[kind]().of(5, 0)
    with pytest.raises(InvalidConfig, match="order an update"):
        arrivals.next(0)
    arrivals.order(2, 0)
    assert arrivals.next(0).contributor == 2
    with pytest.raises(InvalidConfig, match="order an update"):
        arrivals.next(0)


@every_kind
def test_a_snapshot_goes_on_alike_with_all_that_was_ordered(kind):
    arrivals = began(kind)
    played(arrivals, 5, 20)
    twin = DELAYS[kind]().of(5, 3)
    twin.restore(arrivals.snapshot())
    assert played(twin, 5, 30) == played(arrivals, 5, 30)


def test_drawn_staleness_has_the_mean_and_deviation_that_are_asked_for():
    came = played(began("drawn"), 5, 3000)
    staleness = np.array([100 - one.version for one in came])
    assert abs(staleness.mean() - 6) < 4 * 2 / np.sqrt(3000)
    assert abs(staleness.std() - 2) < 0.15
    counts = np.bincount([one.contributor for one in came], minlength=5)
    assert (np.abs(counts - 600) < 4 * np.sqrt(600)).all()


def test_nothing_is_older_than_the_beginning():
    arrivals = DrawnDelays(mean=50).of(1, 0)
    arrivals.order(0, 0)
    assert arrivals.next(3).version == 0


def test_a_slow_contributor_comes_less_often():
    arrivals = ClockDelays(contributors=1.0).of(6, 0)
    for contributor in range(6):
        arrivals.order(contributor, 100)
    counts = np.bincount([one.contributor for one in played(arrivals, 6, 2000)], minlength=6)
    assert (np.argsort(counts) == np.argsort(-arrivals._pace)).all()


def test_on_a_clock_an_update_is_of_the_version_it_was_ordered_at():
    arrivals = ClockDelays().of(2, 0)
    arrivals.order(0, 7)
    arrivals.order(1, 8)
    assert {arrivals.next(99) for _ in range(2)} == {Coming(0, 7), Coming(1, 8)}


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        (DrawnDelays, {"mean": -1.0}),
        (DrawnDelays, {"deviation": np.nan}),
        (ClockDelays, {"updates": -1.0}),
    ],
)
def test_delays_that_cannot_be_meant_are_refused(kind, settings):
    with pytest.raises(InvalidConfig):
        kind(**settings)
