"""How often threats act: whoever tosses other coins than were declared is found."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

import rallypoint
from rallypoint.safety.coins import LEVEL, Coins, suspicious
from rallypoint.safety.conformance.scenes import sample
from rallypoint.safety.conformance.stand_in import Anything
from rallypoint.safety.frame import Threatened
from rallypoint.safety.receipts import disagreements
from tests.safety.deeds import model_of, played

COIN = 0.5


@pytest.mark.parametrize("often", [0.2, 0.8])
@pytest.mark.parametrize("kind", ["random_action", "lossy_sight", "reward_flip"])
def test_who_acts_at_another_rate_than_declared_is_found(kind, often):
    declared = model_of(kind, when={"from": 1, "probability": COIN})
    _, wrong = played(declared)
    assert wrong == []
    lying, _ = played(model_of(kind, when={"from": 1, "probability": often}))
    [fault] = disagreements(declared, lying.env.receipts())
    assert "had opportunities, of its occasions" in fault
    assert f"{COIN:g}" in fault


GIVEN = {"theta": 0.3, "policy": {"action": 1}}
CHANCES = {
    "noisy_action": ("noisy_action", {"epsilon": 0.3}, {"epsilon": 0.6}),
    "interruption": ("interruption", GIVEN, {"theta": 0.05}),
    "interruption, on a shared coin": ("interruption", {**GIVEN, "shared": True}, {"theta": 0.9}),
    "noisy_action, of one at a time": (
        "noisy_action",
        {"epsilon": 0.3, "budget": {"agents": 1}},
        {"epsilon": 0.9},
    ),
    "stutter": ("stutter", {"epsilon": 0.3}, {"epsilon": 0.7}),
    "stutter, less often": ("stutter", {"epsilon": 0.7}, {"epsilon": 0.3}),
    "stutter, from later on": ("stutter", {"when": {"from": 1}}, {"epsilon": 0.1}),
    "mapped_action": ("mapped_action", {"table": [1, 2, 3, 4, 0]}, {"table": [0, 1, 2, 4, 3]}),
    "signal_action": ("signal_action", {}, {"poisoned": 5, "of": 20}),
    "one_of": (
        "one_of",
        {"types": [{"kind": "random_action"}, {"kind": "constant_action", "action": 1}]},
        {"probability": 0.5},
    ),
}


@pytest.mark.parametrize("how", CHANCES)
def test_a_kind_whose_own_coin_is_another_than_declared_is_found(how):
    kind, mine, other = CHANCES[how]
    declared = model_of(kind, **({"when": {}} | mine))
    honest, wrong = played(declared)
    assert wrong == []
    assert honest.env.receipts()[0].chance == declared.threats[0].chance
    lying, _ = played(model_of(kind, **({"when": {}} | mine | other)))
    [told] = lying.env.receipts()
    [fault] = disagreements(declared, [replace(told, chance=declared.threats[0].chance)])
    assert "took opportunities" in fault


UNCHECKED = {
    "table": ("mapped_action", {"table": [0, 2, 3, 4, 1]}),
    "reversed": ("mapped_action", {}),
    "poisoned": ("trigger", {"entries": [0], "values": [0.5], "poisoned": 3, "of": 9}),
    "sometimes": ("one_of", {"probability": 0.5}),
    "of unequal types": ("one_of", {"types": [{"kind": "random_action"}, {"kind": "stutter"}]}),
    "episodes": ("interruption", {**GIVEN, "draw": "episode", "when": {}}),
    "a schedule": ("interruption", {"theta": {"schedule": "log", "c": 1.0}, "when": {}}),
}


@pytest.mark.parametrize("how", UNCHECKED)
def test_where_no_chance_follows_from_settings_the_receipt_says_that_none_is_checked(how):
    kind, settings = UNCHECKED[how]
    world = rallypoint.make("torus-small-v0", copies=2, max_cycles=30)
    env = Threatened(world, model_of(kind, **settings), policy=Anything(world.groups))
    env.reset(seed=0)
    assert env.receipts()[0].chance is None


def test_what_is_frozen_may_miss_its_first_percept_and_no_other():
    declared = model_of("wrong_observation", mode="freeze", when={})
    env, wrong = played(declared)
    assert wrong == []
    [receipt] = env.env.receipts()
    taken = sum(receipt.applications.values())
    assert taken == receipt.opportunities - 2 * receipt.episodes
    fewer = {name: count - 1 for name, count in receipt.applications.items()}
    [fault] = disagreements(declared, [replace(receipt, applications=fewer)])
    assert "and should be all" in fault


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("random_action", {"when": {"probability": 0.2}}),
        ("noisy_action", {"when": {"probability": 0.2}}),
        ("crash", {"when": {"probability": 0.2}}),
        ("stutter", {"when": {}, "epsilon": 0.4}),
        ("interruption", {"when": {}}),
        ("interruption", {"when": {}, "shared": True, "policy": {"action": 0}}),
        ("noisy_action", {"when": {}, "budget": {"agents": 1}}),
        (
            "interruption",
            {"when": {}, "shared": True, "policy": {"action": 0}, "budget": {"agents": 1}},
        ),
    ],
)
def test_the_honest_are_accused_no_more_often_than_is_said(kind, settings):
    level, seeds = 0.1, 200
    model = model_of(kind, victims=[0, 1, 2], **settings)
    accused = never = 0
    for seed in range(seeds):
        world = rallypoint.make("gathering-v0", copies=3, num_agents=4, max_cycles=12)
        env = Threatened(world, model)
        env.reset(seed=seed)
        for number in range(12):
            shape = (3, 4)
            env.step({"agents": sample(world.groups[0].action_space, shape, number)})
        accused += bool(disagreements(model, env.receipts(), level=level))
        never += bool(disagreements(model, env.receipts()))
    assert accused <= binom.ppf(0.999, seeds, level)
    assert never == 0


def test_a_level_is_shared_by_all_coins_that_are_looked_at():
    rng = np.random.default_rng(0)
    level, runs = 0.05, 400
    for count in (1, 10):
        accused = sum(
            bool(
                suspicious(
                    [Coins("coin", int(rng.binomial(50, 0.3)), 50, 0.3) for _ in range(count)],
                    level,
                )
            )
            for _ in range(runs)
        )
        assert accused <= binom.ppf(0.999, runs, level)
    assert suspicious([Coins("coin", 30, 50, 0.3)] * 10, level)
    assert LEVEL < 1e-5


@pytest.mark.parametrize("chance", [0.05, 0.3, 0.8])
@pytest.mark.parametrize("alike", [2, 7])
def test_of_coins_that_count_for_several_at_once_the_honest_are_suspected_no_more_often(
    chance, alike
):
    level, runs, rng = 0.05, 2000, np.random.default_rng(0)
    accused = 0
    for _ in range(runs):
        there = rng.integers(1, alike + 1, size=60)  # for how many each coin counts
        fell = int(there[rng.random(60) < chance].sum())
        coins = Coins("coin", fell, int(there.sum()), chance, alike=alike)
        accused += bool(suspicious([coins], level))
    assert accused <= binom.ppf(0.999, runs, level)
    far = Coins("coin", 7 * 600, 1000 * 7, chance, alike=7)
    assert suspicious([far])


def test_where_tosses_are_between_two_numbers_both_must_be_off():
    between = Coins("coin", 50, 100, 0.5, fewest=60)
    assert not suspicious([between])
    assert not suspicious([between._replace(fell=20)])  # of 60
    assert suspicious([between._replace(fell=95)])
    assert suspicious([between._replace(fell=3)])
    assert not suspicious([Coins("sure", 70, 100, 1.0, fewest=70)])
    for fell in (69, 101):
        assert suspicious([Coins("sure", fell, 100, 1.0, fewest=70)])


@pytest.mark.parametrize(
    "odd",
    [
        {"fell": 11},
        {"fell": -1},
        {"fell": 11, "alike": 2},
        {"fell": 1, "tossed": 0},
        {"fell": -2, "tossed": -2},
        {"repeats": 0},
        {"repeats": -1},
    ],
)
def test_counts_that_cannot_be_are_no_coins_and_are_said(odd):
    coins = Coins(**({"what": "heads", "fell": 5, "tossed": 10, "chance": COIN} | odd))
    [fault] = suspicious([coins])
    assert fault.startswith("heads: ")
    assert fault.endswith(", which cannot be")


def test_tosses_that_come_again_are_evidence_once():
    once = Coins("coin", 13, 20, 0.3)
    again = Coins("coin", 130, 200, 0.3, repeats=10)
    assert bool(suspicious([once], 1e-4)) == bool(suspicious([again], 1e-4))
    assert suspicious([again._replace(repeats=1)], 1e-4)
    env = Threatened(rallypoint.make("gathering-v0"), model_of("random_action"))
    for _ in range(3):
        env.reset(seed=7)
    env.reset(seed=8)
    assert [receipt.repeats for receipt in env.receipts()] == [3]
