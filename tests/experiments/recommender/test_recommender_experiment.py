"""The recommender experiment, in miniature: who is measured, under which lies, how it is judged."""

import numpy as np
import pytest

from rallypoint.agents.recommender.trust import TrustedMean
from rallypoint.claims import Claim
from rallypoint.experiments.experiment import File, Receipts, Row
from rallypoint.experiments.recommender import fairness, liars
from rallypoint.experiments.recommender.fairness import Watched, corrected
from rallypoint.experiments.recommender.measure import Condition, last, played
from rallypoint.safety.threat_model import ThreatModel
from tests.experiments.in_miniature import of_kind
from tests.experiments.recommender.miniature import MINIATURE


def test_every_part_is_run_and_judged_and_accounts_for_its_lies(findings):
    claims = [finding.id for finding in of_kind(findings, Claim)]
    assert len(claims) == len(set(claims)) == 37
    assert {claim.split("/")[1] for claim in claims} == {
        "honest",
        "minority-pays",
        "minority-erased",
        "minority-kept",
        "unbounded",
        "bounded",
        "exposure",
        "lies",
        "size",
        "trust",
        "welfare",
        "engagement",
    }
    receipts = of_kind(findings, Receipts)
    assert len(receipts) == 7 * 2 + 5 * 6 + 2 * 2
    assert all(receipt.receipts for receipt in receipts)
    pictures = [finding.name for finding in of_kind(findings, File)]
    assert pictures == ["exposure.png", "minority.png", "welfare.png"]
    rows = [finding.values for finding in of_kind(findings, Row)]
    assert all({"condition", "seed"} <= row.keys() for row in rows)


def test_what_a_seed_measures_does_not_depend_on_those_beside_it():
    condition = Condition(minority=12, liars=(0, 1), clicks=10)
    alone, beside = played(MINIATURE, (3,), condition), played(MINIATURE, (7, 3), condition)
    assert (alone.rates[0] == beside.rates[1]).all()
    assert (alone.target[0] == beside.target[1]).all()
    assert alone.undue[0].tolist() == beside.undue[1].tolist()


def test_updates_that_lie_do_not_depend_on_the_platforms_beside_either():
    condition = Condition(rule="multi_krum", liars=(0, 1), lie=liars.LIES["noise"])
    alone, beside = played(MINIATURE, (3,), condition), played(MINIATURE, (7, 3), condition)
    assert (alone.target[0] == beside.target[1]).all()


def test_rules_are_also_tried_by_users_who_ask_them_what_they_would_make_of_a_lie():
    """Whoever says that a rule stands whatever users send must have tried what it stands least."""
    knows = {
        name
        for name, lie in liars.LIES.items()
        for threat in ThreatModel.from_dict({"byzantine": {"count": 1}, "threats": [lie]}).threats
        if "aggregator" in threat.knowledge
    }
    assert knows == {"optimal_reverse", "opt_ema"}


def test_liars_are_not_among_those_who_are_measured():
    honest, attacked = (
        played(MINIATURE, (0,), Condition(minority=12, liars=who, clicks=1 if who else 0))
        for who in ((), tuple(range(55, 60)))
    )
    assert honest.shares.tolist() == [48 / 60, 12 / 60]
    assert attacked.shares.tolist() == [48 / 55, 7 / 55]
    assert honest.rate == pytest.approx(last(honest.rates) @ [0.8, 0.2])
    assert attacked.receipts[0].applications.keys() == {f"user_{i}" for i in range(55, 60)}


def test_what_is_learned_is_none_at_random_and_all_of_itself():
    mean = played(MINIATURE, (0, 1), Condition(minority=12))
    assert mean.learned(mean) == pytest.approx(np.ones((2, 2)))
    idle = mean._replace(rates=np.broadcast_to(mean.nothing[:, None], mean.rates.shape))
    assert idle.learned(mean) == pytest.approx(np.zeros((2, 2)))
    np.testing.assert_allclose(mean.nothing, mean.rates[:, 0], atol=0.08)  # the first are drawn


def test_a_watched_rule_says_what_the_rule_says():
    rng = np.random.default_rng(0)
    updates, profiles = rng.standard_normal((9, 3)), rng.random((9, 2))
    rule = TrustedMean(f=3)
    watched = Watched(rule)
    assert (watched(updates, profiles) == rule(updates, profiles)).all()
    [left_out] = watched.left_out
    believed = rule.believed(updates, profiles)
    assert np.flatnonzero(left_out == 0).tolist() == believed.tolist()


def test_trust_is_equal_on_average_on_what_it_was_calibrated_by():
    watched = Watched(TrustedMean(f=5))
    played(MINIATURE, (4,), Condition(rule=watched, minority=12, root=fairness._CALIBRATION))
    has = np.array(watched.trusts) + np.take(corrected(MINIATURE, 4), watched.favourites)
    assert has[:, :48].mean() == pytest.approx(has[:, 48:].mean())
    plain = np.array(watched.trusts)
    assert plain[:, 48:].mean() < plain[:, :48].mean()
