"""Reverse of the running mean, and of the mean of the round."""

from functools import partial

import numpy as np
import pytest

from rallypoint.errors import InvalidConfig
from rallypoint.safety.aggregation import aggregate
from rallypoint.safety.limits import Byzantine
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats.update.opt_ema import OptEma
from rallypoint.safety.updates import UpdateThreats, attack

RULES = ("krum", "trimmed_mean", "median", "geometric_median", "mean_of_directions")


def frame(**settings):
    threats = (OptEma(**settings),)
    model = ThreatModel(byzantine=Byzantine(members=(0, 4)), threats=threats)
    return UpdateThreats(model, contributors=8, seed=0)


def updates_of(number):
    return np.random.default_rng(100 + number).standard_normal((8, 6)) + np.eye(6)[2]


def mean_of_honest(number):
    return updates_of(number)[[1, 2, 3, 5, 6, 7]].mean(axis=0)


def cosine(one, other):
    return one @ other / np.linalg.norm(one) / np.linalg.norm(other)


def test_lies_point_against_the_running_mean():
    threatened = frame()
    running = 0
    for number in range(6):
        running = 0.8 * running + 0.2 * mean_of_honest(number)
        sent = threatened.apply(
            updates_of(number), round_number=number, aggregator=partial(aggregate, "median", f=2)
        ).updates
        assert (sent[0] == sent[4]).all()
        assert cosine(sent[0], running) == pytest.approx(-1)


def test_it_remembers_rounds_in_which_it_may_not_lie():
    late, always = frame(when={"from": 5}), frame()
    for number in range(6):
        sent = [
            threatened.apply(
                updates_of(number),
                round_number=number,
                aggregator=partial(aggregate, "median", f=2),
            ).updates
            for threatened in (late, always)
        ]
    assert (sent[0] == sent[1]).all()


def test_a_newcomer_knows_what_the_others_learnt():
    threatened, running = frame(), 0
    without = np.arange(1, 8)
    for number in range(3):
        running = 0.8 * running + 0.2 * mean_of_honest(number)
        rows, whom = (without, without) if number < 2 else (np.arange(8), np.arange(8))
        sent = threatened.apply(
            updates_of(number)[rows],
            round_number=number,
            members=whom,
            aggregator=partial(aggregate, "median", f=2),
        ).updates
    assert cosine(sent[0], running) == pytest.approx(-1)


def test_without_inertia_it_is_the_optimal_reverse(honest, rng):
    aggregator = partial(aggregate, "median", f=2)
    one = attack("opt_ema", honest, 2, rng=rng, aggregator=aggregator, inertia=0.0)
    other = attack("optimal:reverse", honest, 2, rng=rng, aggregator=aggregator)
    assert np.allclose(one, other)


@pytest.mark.parametrize("rule", RULES)
def test_it_turns_the_aggregate_nearly_as_far_as_a_fine_search(rule, honest, rng):
    mean = honest.mean(axis=0)

    def along(lies):
        return aggregate(rule, np.vstack([honest, lies]), f=3) @ mean

    aggregator = partial(aggregate, rule, f=3)
    found = along(attack("optimal:reverse", honest, 3, rng=rng, aggregator=aggregator))
    lies = (np.tile(-a * mean, (3, 1)).astype(honest.dtype) for a in np.geomspace(0.01, 100, 300))
    fine = min(along(lie) for lie in lies)
    unattacked = along(np.tile(mean, (3, 1)))
    assert found <= fine + 0.1 * (unattacked - fine)


@pytest.mark.parametrize("kind", ["opt_ema", "optimal:reverse"])
def test_the_aggregator_is_asked_as_often_as_declared(kind, honest, rng, counted):
    aggregator = counted(lambda updates: np.median(updates, axis=0))
    attack(kind, honest, 2, rng=rng, aggregator=aggregator, evaluations=7)
    assert aggregator.asked == 7


@pytest.mark.parametrize("kind", ["opt_ema", "optimal:reverse"])
def test_where_the_honest_go_nowhere_nothing_is_sent(kind, rng):
    lies = attack(kind, np.zeros((4, 3)), 2, rng=rng, aggregator=lambda u: u.mean(axis=0))
    assert not lies.any()


def test_going_on_from_a_snapshot_is_bit_for_bit():
    whole, parts = frame(), [frame(), frame()]
    rule = partial(aggregate, "median", f=2)
    for number in range(6):
        sent = whole.apply(updates_of(number), round_number=number, aggregator=rule).updates
        if number == 3:
            parts[1].restore(parts[0].snapshot())
        went_on = parts[number >= 3].apply(updates_of(number), round_number=number, aggregator=rule)
        assert went_on.updates.tobytes() == sent.tobytes()


@pytest.mark.parametrize(
    ("settings", "says"),
    [({"inertia": 1.0}, "inertia lies in"), ({"evaluations": 2}, "at least 3")],
)
def test_settings_that_cannot_be_meant_are_refused(settings, says):
    with pytest.raises(InvalidConfig, match=says):
        OptEma(**settings)
