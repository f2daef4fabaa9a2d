"""Victims whose number is drawn: so many in one episode, others in the next."""

import numpy as np
import pytest
from scipy.stats import chisquare

import rallypoint
from rallypoint.errors import InvalidConfig
from rallypoint.safety.frame import Threatened
from rallypoint.safety.in_words import told
from rallypoint.safety.receipts import disagreements
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats.crash import Crash


def crashing(counts, copies=3000):
    ring = rallypoint.make("gathering-v0", copies=copies)
    return Threatened(ring, [Crash(victims={"counts": counts}, mode="frozen")])


def test_every_number_is_as_likely_and_whom_it_meets_is_drawn_too():
    env = crashing([0, 1, 4])
    env.reset(seed=0)
    numbers = np.bincount(env.crashed.sum(axis=1), minlength=10)
    assert numbers[[0, 1, 4]].sum() == 3000
    assert chisquare(numbers[[0, 1, 4]]).pvalue > 1e-4
    assert chisquare(env.crashed.sum(axis=0)).pvalue > 1e-4


def test_the_next_episode_has_another_number():
    env = crashing([0, 9], copies=200)
    env.reset(seed=0)
    before = env.crashed.sum(axis=1)
    env.reset(mask=np.ones(200, dtype=bool))
    assert 0.3 < (env.crashed.sum(axis=1) == before).mean() < 0.7


def test_a_copy_has_the_same_number_in_any_batch():
    whole, part = crashing([0, 3, 6], copies=range(12)), crashing([0, 3, 6], copies=[7, 2])
    for env in (whole, part):
        env.reset(seed=5)
        env.reset(mask=np.ones(env.num_copies, dtype=bool))
    np.testing.assert_array_equal(part.crashed, whole.crashed[[7, 2]])


def test_one_count_draws_what_a_count_draws():
    one, several = crashing([3], copies=50), crashing([3, 3], copies=50)
    plain = Threatened(
        rallypoint.make("gathering-v0", copies=50), [Crash(victims={"count": 3}, mode="frozen")]
    )
    for env in (one, several, plain):
        env.reset(seed=0)
    np.testing.assert_array_equal(one.crashed, plain.crashed)
    assert (several.crashed.sum(axis=1) == 3).all()


def test_receipts_agree_and_words_say_it():
    env = crashing([0, 2], copies=20)
    env.reset(seed=0)
    assert disagreements(env.model, env.receipts()) == []
    model = ThreatModel(threats=(Crash(victims={"counts": [0, 2]}),))
    assert ThreatModel.from_dict(model.to_dict()) == model
    assert "as many as is drawn from 0, 2 of 10 agents" in str(told(model, env))


def test_more_than_there_are_is_refused():
    with pytest.raises(InvalidConfig, match="count = 11 of 10 agents is too many"):
        crashing([0, 11])
