"""The perception experiment, in miniature: what is certified and measured, how it is judged."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

import rallypoint
from rallypoint.agents.adversary.defended import WAYS, Training
from rallypoint.agents.evaluation import evaluate
from rallypoint.agents.gradient.architecture import layers_of
from rallypoint.agents.gradient.learners import PpoLearner
from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.claims import Claim
from rallypoint.envs.control.cartpole.dynamics import ANGLE_LIMIT, POSITION_LIMIT, moved
from rallypoint.errors import InvalidConfig
from rallypoint.experiments import experiments
from rallypoint.experiments.experiment import File, Metric, Receipts, Row
from rallypoint.experiments.kept import Kept
from rallypoint.experiments.perception import attacks
from rallypoint.experiments.perception import certified_arrivals as module
from rallypoint.experiments.perception.attacks import ATTACKS
from rallypoint.experiments.perception.certified import soonest_fall
from rallypoint.experiments.perception.certified_arrivals import certified_arrivals
from rallypoint.experiments.perception.config import PerceptionConfig, TeamConfig
from rallypoint.experiments.perception.measure import Bench
from rallypoint.experiments.perception.run import run
from rallypoint.experiments.perception.tasks import TASKS
from rallypoint.experiments.perception.team import SHARED
from rallypoint.safety.frame import Threatened
from rallypoint.safety.threats import threats
from tests.experiments.in_miniature import of_kind
from tests.experiments.perception.miniature import MINIATURE, SEEDS, TEAM, small
from tests.experiments.progress import no_progress


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    return tmp_path_factory.mktemp("kept")


@pytest.fixture(scope="module")
def of_teams(kept):
    config = replace(MINIATURE, worlds=("pathfinding",), kept=str(kept))
    with small():
        yield list(run(config, SEEDS, no_progress))


def test_every_attack_on_arrays_is_tried():
    kinds = {
        n for n in threats if threats[n].__module__.startswith("rallypoint.safety.threats.perc")
    }
    assert kinds - {"percept_map", "smoothed_pgd"} == set(ATTACKS)


@pytest.mark.parametrize("kind", [PerceptionConfig, TeamConfig])
def test_what_cannot_be_run_is_refused_before_anybody_is_trained(kind):
    with pytest.raises(InvalidConfig, match="kappa is a number >= 0, got -1"):
        kind(kappa=-1.0)
    with pytest.raises(InvalidConfig, match="epsilons are different sizes > 0"):
        kind(epsilons=(0.1, 0.2, 0.2, 0.5))


def test_quick_tries_fewer_lies_and_trains_nobody_to_stand_them():
    whole, quick = PerceptionConfig(), PerceptionConfig(**experiments["perception"].quick)
    for all_of_it, part in ((whole, quick), (whole.team, quick.team)):
        assert set(part.epsilons) < set(all_of_it.epsilons)
        assert part.defences == ()
        assert part.attacker_rounds < all_of_it.attacker_rounds


def attacked(found):
    """Return the rows of what was measured; others tell what is certified."""
    return [row.values for row in of_kind(found, Row) if "certified" not in row.values]


def test_what_is_certified_has_a_row_for_every_agent_and_size(findings):
    rows = [row.values for row in of_kind(findings, Row) if "certified" in row.values]
    told = {(row["agent"], row["epsilon"], row["seed"]) for row in rows}
    assert len(told) == len(rows)
    sizes = (("plain", 0.2), ("plain", 0.5), ("noise", 0.2))
    assert told == {(who, size, s) for who, size in sizes for s in SEEDS}


def test_every_agent_is_measured_under_every_attack(findings):
    rows = attacked(findings)
    seen = {(row["agent"], row["attack"], row["epsilon"], row["seed"]) for row in rows}
    assert len(seen) == len(rows)
    plain = {("plain", kind, size, s) for kind in ATTACKS for size in (0.2, 0.5) for s in SEEDS}
    noise = {("noise", kind, 0.2, s) for kind in ATTACKS for s in SEEDS}
    clean = {(who, "none", 0.0, s) for who in ("plain", "noise") for s in SEEDS}
    assert seen == plain | noise | clean


def test_every_attack_keeps_to_its_budget(findings):
    receipts = of_kind(findings, Receipts)
    assert len(receipts) == 3 * len(ATTACKS)
    for receipt in receipts:
        (told,) = receipt.receipts
        size = 0.5 if receipt.condition.endswith("0.5") else 0.2
        assert told["largest_lie"] <= size


def test_the_median_agent_has_three_columns(findings):
    tables = {metric.name: metric.value for metric in of_kind(findings, Metric)}
    assert set(tables) == {"plain-0.2", "plain-0.5", "noise-0.2"}
    for table in tables.values():
        assert table["certified"] <= table["strongest"] <= table["clean"]
        assert sum(table["strongest-on"].values()) == len(SEEDS)
        assert table["strongest"] <= min(table["medians"].values())


def test_claims_have_their_names_and_pictures_are_drawn(findings):
    claims = {claim.id: claim for claim in of_kind(findings, Claim)}
    named = {"P1/clean", "P1/random-0.5", "P1/fgsm-0.5", "P2/more-steps-0.2"}
    assert set(claims) == named | {"P2/looking-ahead-0.2", "P3/noise", "P4/certified"}
    assert claims["P1/clean"].verdict == "fails"  # two rounds are no training
    assert claims["P4/certified"].verdict == "holds"
    assert {file.name for file in of_kind(findings, File)} == {"attacks.png", "defences.png"}


def test_teams_are_measured_under_every_attack_and_a_shared_budget(of_teams):
    rows = attacked(of_teams)
    seen = {(row["agent"], row["attack"], row["epsilon"], row["seed"]) for row in rows}
    assert len(seen) == len(rows)
    plain = {("plain", kind, size, s) for kind in ATTACKS for size in (0.1, 0.2) for s in SEEDS}
    trained = {("pgd", kind, 0.2, s) for kind in ATTACKS for s in SEEDS}
    clean = {(who, "none", 0.0, s) for who in ("plain", "pgd") for s in SEEDS}
    small = {("plain", "pgd", 0.001, s) for s in SEEDS}
    labels = ("pgd-shared", "pgd-shared-1-by-order", "pgd-shared-1-by-random")
    shared = {
        ("plain", label, 0.2, s) for label in (*labels, "pgd-shared-1-by-harm") for s in SEEDS
    }
    assert seen == plain | trained | clean | small | shared
    assert all(0 <= row["whole"] <= row["arrived"] <= 1 for row in rows)
    assert all(row["world"] == "pathfinding" for row in rows)


def test_every_attack_on_a_team_keeps_to_its_budget(of_teams):
    receipts = of_kind(of_teams, Receipts)
    assert len(receipts) == 3 * len(ATTACKS) + 1 + len(SHARED)
    for receipt in receipts:
        assert receipt.disagreements == ()
        (told,) = receipt.receipts
        assert 0 < told["largest_lie"] <= float(receipt.condition.rpartition("-")[2])


def test_claims_of_teams_have_their_names_and_pictures_are_drawn(of_teams):
    claims = {claim.id: claim for claim in of_kind(of_teams, Claim)}
    named = {"T1/clean", "T1/random-0.2", "T1/strongest-0.2", "T2/looking-ahead-0.1"}
    assert set(claims) == named | {"T3/pgd", "T4/certified", "T5/one-of-four-0.2"}
    assert claims["T4/certified"].verdict == "holds"
    pictures = {file.name for file in of_kind(of_teams, File)}
    assert pictures == {"team-attacks.png", "team-defences.png"}


def test_a_run_that_goes_on_does_nothing_twice_and_finds_the_same(of_teams, kept, monkeypatch):
    config = replace(MINIATURE, worlds=("pathfinding",), kept=str(kept))

    def nobody(*_):
        raise AssertionError("all of it is kept")

    with small():
        monkeypatch.setattr(Training, "train", nobody)
        monkeypatch.setattr(attacks.Attacked, "threat", nobody)
        again = list(run(config, SEEDS, no_progress))
        for one, other in zip(of_teams, again, strict=True):
            assert one == other
        with pytest.raises(InvalidConfig, match="keep those of this run in another folder"):
            next(run(config, (0, 1, 3), no_progress))


def test_who_surely_arrives_arrives_whatever_is_shown():
    seeds, size = (0, 1), 0.003
    with small():
        config = replace(TEAM, rounds=12, copies=4, episodes=12)
        bench = Bench(TASKS["pathfinding"], config, seeds, Kept(""))
        policy = bench.trained("plain", 0.2)
        world = bench.make(12)
        made = bench.task.learner.architecture(policy.group)
        networks = [layers_of(made, weights) for weights in policy.parameters]
        surely = certified_arrivals(world, policy, networks, size, seed=5)
        clean = evaluate(world, policy, episodes=24, seed=5).ended_early.mean(axis=1)
        exactly = certified_arrivals(world, policy, networks, 0.0, seed=5)
        np.testing.assert_allclose(exactly, clean, atol=0.1)  # but for numbers at an edge
        assert 0 < surely.mean() < clean.mean()
        for kind in ("random_percept", "pgd", "mad"):
            threat = threats[kind](budget={"reach": {"step": size}})
            env = Threatened(bench.make(12), threat, policy=policy)
            left = evaluate(env, policy, episodes=24, seed=5).ended_early.mean(axis=1)
            assert (left >= surely).all()


def test_agents_surely_arrive_up_to_the_first_doubt_and_who_is_gone_raises_none(monkeypatch):
    asked = []

    def kept(layers, low, high, numbers, chosen):
        del layers, numbers, chosen
        asked.append(len(low))
        gone = (high == high[:, :1]).all(axis=1)  # sees nothing
        return ~gone & (len(asked) <= 20)  # a doubt at step 21

    monkeypatch.setattr(module, "keeps_drawn_action", kept)
    env = rallypoint.make("pathfinding-v0", copies=150)
    (group,) = env.groups
    made = PpoLearner(policy=(8,), value=(8,)).architecture(group)
    policy = GradientPolicy(made, made.initial(np.random.default_rng(0))[None], group)
    networks = [layers_of(made, policy.parameters[0])]
    surely = certified_arrivals(env, policy, networks, 0.1, seed=3)
    found = evaluate(env, policy, episodes=150, seed=3)
    early = found.ended_early & (found.lengths <= 20)
    assert (early.sum(axis=1) > 1).any()  # some went on after others were gone
    assert (found.ended_early & (found.lengths == 21)).any()
    np.testing.assert_array_equal(surely, early.mean(axis=1))


def test_the_soonest_fall_is_that_of_the_worst_sequence_of_pushes():
    starts = np.random.default_rng(0).uniform(-0.05, 0.05, (3, 4))
    for start, soonest in zip(starts, soonest_fall(starts), strict=True):
        falls = []
        for pushes in itertools.product((0, 1), repeat=int(soonest)):
            state = start[None]
            for step, push in enumerate(pushes, start=1):
                state = moved(state, np.array([push]))
                if abs(state[0, 0]) > POSITION_LIMIT or abs(state[0, 2]) > ANGLE_LIMIT:
                    falls.append(step)
                    break
        assert min(falls) == soonest


def test_all_ways_of_training_are_compared():
    assert {"plain", *PerceptionConfig().defences} == set(WAYS)
