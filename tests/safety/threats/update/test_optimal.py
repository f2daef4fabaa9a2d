"""The optimal lie along a line, and the normalised one."""

from functools import partial

import numpy as np
import pytest

from rallypoint.errors import InvalidConfig
from rallypoint.safety.aggregation import aggregate
from rallypoint.safety.threats.update.normalized import Normalized
from rallypoint.safety.threats.update.optimal import Optimal
from rallypoint.safety.updates import attack
from rallypoint.safety.updates.directions import away, mean_of

RULES = ("krum", "trimmed_mean", "median", "geometric_median", "nnm+krum")


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("direction", ["std", "mean", "sign"])
def test_it_is_nearly_as_strong_as_a_fine_search(rule, direction, honest, rng):
    mean = mean_of(honest)
    step = away(direction, honest, mean)
    aggregator = partial(aggregate, rule, f=2)

    def harm(lies):
        return np.linalg.norm(aggregator(np.vstack([honest, lies])) - mean)

    found = harm(attack(f"optimal:{direction}", honest, 2, rng=rng, aggregator=aggregator))
    spread = np.sqrt(np.square(honest - mean).sum(axis=1).mean()) / np.linalg.norm(step)
    fine = max(
        harm(np.tile((mean + a * step).astype(honest.dtype), (2, 1)))
        for a in spread * np.geomspace(0.01, 100, 100)
    )
    assert found >= 0.9 * fine


@pytest.mark.parametrize("evaluations", [3, 4, 20, 33])
def test_the_aggregator_is_asked_as_often_as_declared(honest, rng, counted, evaluations):
    aggregator = counted(lambda updates: np.median(updates, axis=0))
    attack("optimal", honest, 2, rng=rng, aggregator=aggregator, evaluations=evaluations)
    assert aggregator.asked == evaluations


@pytest.mark.parametrize("evaluations", [12, 40, 43])
def test_the_normalised_asks_as_often_as_declared(honest, rng, counted, evaluations):
    aggregator = counted(lambda updates: np.median(updates, axis=0))
    attack("normalized", honest, 2, rng=rng, aggregator=aggregator, evaluations=evaluations)
    assert aggregator.asked == evaluations


def angle(one, other):
    cosine = one @ other / np.linalg.norm(one) / np.linalg.norm(other)
    return np.arccos(np.clip(cosine, -1, 1))


@pytest.mark.parametrize("rule", ["krum", "median", "geometric_median"])
def test_the_normalised_turns_the_aggregate_nearly_as_far_as_a_fine_search(rule, honest, rng):
    mean = mean_of(honest)
    length = np.linalg.norm(mean)

    def turned(lie):
        lies = np.tile((lie * length / np.linalg.norm(lie)).astype(honest.dtype), (3, 1))
        return angle(aggregate(rule, np.vstack([honest, lies]), f=3), mean)

    aggregator = partial(aggregate, rule, f=3)
    found = attack("normalized", honest, 3, rng=rng, aggregator=aggregator, evaluations=80)[0]
    fine = max(
        turned(mean + a * away(direction, honest, mean))
        for direction in ("unit", "sign", "std")
        for a in np.geomspace(0.01, 100, 100)
    )
    assert turned(found) >= 0.9 * fine


@pytest.mark.parametrize("rule", ["krum", "median", "geometric_median"])
def test_the_normalised_is_then_stretched_to_do_most(rule, honest, rng):
    mean = mean_of(honest)

    def against(lie):
        lies = np.tile(lie.astype(honest.dtype), (3, 1))
        return -(aggregate(rule, np.vstack([honest, lies]), f=3) @ mean)

    aggregator = partial(aggregate, rule, f=3)
    found = attack("normalized", honest, 3, rng=rng, aggregator=aggregator, evaluations=80)[0]
    unit = found * (np.linalg.norm(mean) / np.linalg.norm(found))
    fine = [against(s * unit) for s in np.geomspace(0.01, 100, 100)]
    assert against(found) >= max(fine) - 0.1 * (max(fine) - min(fine))


def test_where_the_honest_agree_there_is_no_line_to_go_along(rng):
    for kind in ("optimal", "normalized"):
        lies = attack(kind, np.zeros((4, 3)), 2, rng=rng, aggregator=lambda u: u.mean(axis=0))
        assert not lies.any()


def test_an_answer_that_is_no_number_counts_for_nothing(honest, rng):
    def fragile(updates):
        with np.errstate(all="ignore"):
            spread = np.abs(updates - updates.mean(axis=0)).max()
            return updates.mean(axis=0) / (spread < 20)  # infinite beyond

    lies = attack("optimal", honest, 2, rng=rng, aggregator=fragile)
    assert np.isfinite(fragile(np.vstack([honest, lies]))).all()


def test_too_few_questions_are_refused():
    with pytest.raises(InvalidConfig, match="evaluations are at least 3"):
        Optimal(evaluations=2)
    with pytest.raises(InvalidConfig, match="evaluations are at least 12"):
        Normalized(evaluations=11)
    with pytest.raises(InvalidConfig, match="no direction of lies is called 'up'"):
        Optimal(direction="up")
