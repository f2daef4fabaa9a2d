"""Runs stacked in one world: each learns what it would learn alone."""

import numpy as np
import pytest

from rallypoint.experiments.byzantine_gradient import stack
from rallypoint.experiments.byzantine_gradient.attacks import ATTACKS, NORMALIZED, threat_model
from rallypoint.experiments.byzantine_gradient.rules import (
    FILTER,
    RULES,
    WITH_BULYAN,
    aggregator,
    limit,
)
from rallypoint.experiments.byzantine_gradient.setting import Setting
from rallypoint.experiments.byzantine_gradient.stack import Run, train
from rallypoint.safety.aggregation import Aggregator

SMALL = Setting(rounds=2, episodes=2)


def outcome_of(found, place):
    """Return everything about one of the stacked runs, except what its common world did."""
    return {k: v for k, v in found.outcomes[place].to_dict().items() if k != "receipts"}


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("attack", ["fedpg", "random_action", "opt_ema", "reward_flip"])
def test_a_run_does_not_depend_on_which_others_run_beside_it(attack, momentum):
    setting = Setting(rounds=3, episodes=2, momentum=momentum)
    run = Run("max_min_mix", 7)
    crowd = train(setting, attack, [Run("mean", 7), Run("median", 1), run, Run("mean", 2)])
    few = train(setting, attack, [run, Run("median", 3)])
    assert crowd.weights[2].tobytes() == few.weights[0].tobytes()
    assert outcome_of(crowd, 2) == outcome_of(few, 0)


def test_carts_of_all_runs_are_different_ones():
    runs = [Run(rule, seed, group) for rule in RULES for seed in (0, 1) for group in (None, 0, 1)]
    carts = stack._carts(Setting(), runs)
    assert len(set(carts.tolist())) == len(carts) == len(runs) * 80
    assert carts.min() >= 0


def test_every_rule_and_attack_of_a_seed_begins_with_the_same_policy(monkeypatch):
    still = Setting(rounds=1, episodes=1)
    monkeypatch.setattr("rallypoint.experiments.byzantine_gradient.setting._RATE", 0.0)
    starts = [
        train(still, attack, [Run(rule, seed) for rule in ("mean", "median") for seed in (4, 5)])
        for attack in ("none", "sign_flip")
    ]
    first = starts[0].weights
    assert (first == starts[1].weights).all()
    assert (first[0] == first[2]).all()
    assert (first[1] == first[3]).all()
    assert (first[0] != first[1]).any()


@pytest.mark.parametrize("attack", [*ATTACKS, *NORMALIZED])
def test_threats_did_what_was_declared(attack):
    found = train(SMALL, attack, [Run("median", 0), Run("trimmed_mean", 0)])
    for outcome in found.outcomes:
        assert outcome.disagreements == []
        assert len(outcome.receipts) == len(threat_model(attack, [0]).threats)
        assert all(receipt["applications"] for receipt in outcome.receipts)
        assert len(outcome.returns) == len(outcome.cosine) == 2


def test_what_is_believed_is_told_of_the_honest_and_the_liars():
    found = train(SMALL, "noise", [Run("mean", 0), Run("multi_krum", 0)])
    of_mean, of_krum = found.outcomes
    assert of_mean.on_liars == pytest.approx([0.3] * 2, abs=1e-3)
    assert of_mean.liars_believed == of_mean.honest_believed == [1.0] * 2
    assert of_krum.on_liars == of_krum.liars_believed == [0.0] * 2


def test_returns_are_those_of_honest_contributors_with_what_they_are_told():
    plain, flipped = (
        train(SMALL, attack, [Run("median", 3)]).outcomes[0].returns[0]
        for attack in ("none", "reward_flip")
    )
    assert plain == flipped > 0


@pytest.mark.parametrize("rule", [*RULES, *WITH_BULYAN])
def test_every_rule_takes_its_setting(rule):
    setting = Setting(workers=15) if rule == "bulyan" else Setting()
    Aggregator.parse(aggregator(rule, setting)).check(setting.contributors, setting.tolerated)
    assert limit(rule, setting) is None or limit(rule, setting) > 0


def test_in_groups_the_liars_are_dealt_out():
    setting = Setting(rounds=1, episodes=1, workers=30, liars=9, groups=5)
    runs = [Run("median", 2, group) for group in range(5)]
    threats = [stack._in_updates(setting, "normalized", run) for run in runs]
    assert sum(int(each.byzantine.sum()) for each in threats) == 9
    found = train(setting, "normalized", runs)
    assert len({weights.tobytes() for weights in found.weights}) == 5


def test_a_server_that_looks_around_has_carts_of_its_own():
    plain, inner = (
        Setting(rounds=2, episodes=2, learner="fedpg_br", inner=inner) for inner in (False, True)
    )
    name = "rallypoint.experiments.byzantine_gradient.rules._SIGMAS"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(name, {plain.name: 0.5})
        runs = [Run(FILTER, 0), Run(FILTER, 1)]
        one, other = (train(setting, "none", runs).weights for setting in (plain, inner))
        alone = train(inner, "none", runs[1:]).weights
    assert (one != other).any()
    assert alone[0].tobytes() == other[1].tobytes()


def test_names_of_settings_are_those_of_the_page():
    assert Setting().name == "B8"
    assert Setting(episodes=16, momentum=0.9).name == "B16-momentum"
    assert Setting(workers=30, liars=9, groups=5).name == "K30-5-groups"
    assert Setting(episodes=16, learner="fedpg_br", inner=True).name == "fedpg_br-B16-inner"
    assert np.isclose(limit("krum", Setting()), 0.11, atol=1e-3)
