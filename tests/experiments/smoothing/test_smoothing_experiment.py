"""The smoothing experiment, in miniature: its attacks, its claims, and what it draws."""

from dataclasses import replace

import numpy as np
import pytest

from rallypoint.claims import Claim
from rallypoint.draws import Draws
from rallypoint.experiments.experiment import File, Receipts, Row
from rallypoint.experiments.smoothing import pieces
from rallypoint.experiments.smoothing.attacks import ATTACKS, attacked, threat_of, upper_limit
from rallypoint.experiments.smoothing.one_by_one import certified, visited
from rallypoint.experiments.smoothing.policies import learned
from rallypoint.experiments.smoothing.run import Curves, _judge, run
from rallypoint.experiments.smoothing.whole_episodes import Leaning, worst_way
from tests.experiments.in_miniature import of_kind, rows_of
from tests.experiments.progress import no_progress
from tests.experiments.smoothing.miniature import MINIATURE, SEEDS


@pytest.fixture(scope="module")
def policy():
    return learned(0.1, 6, 5, lambda units=1: None)


def test_every_condition_has_its_claim(findings):
    claims = {claim.id: claim for claim in of_kind(findings, Claim)}
    assert set(claims) == {
        "smoothing/crossing/0.1",
        "smoothing/below/0.1",
        "smoothing/clean/0.1",
        "smoothing/action/kept",
        "smoothing/action/counts",
        "smoothing/action/values",
    }
    assert claims["smoothing/crossing/0.1"].verdict == "holds"
    assert claims["smoothing/action/kept"].verdict == "holds"


def test_a_certificate_is_held_against_attacks_and_one_far_too_high_is_noticed():
    config = replace(MINIATURE, budgets=(0.0, 1.0, 2.0))
    left = np.full((3, len(ATTACKS), 3), 400.0)
    left[:, 1, 1:] = 300.0  # the strongest
    limits = left + 61

    def judged(certified):
        bounds = np.tile(certified, (3, 1))
        found = _judge(config, 0.1, Curves(bounds, left, limits, np.full(3, 400.0)))
        return {claim.id.split("/")[1]: claim for claim in of_kind(found, Claim)}

    sound = judged([399.9, 250.0, 100.0])
    # Not by how far it lies below without an attack, where nothing but the slack is left.
    assert (sound["crossing"].measured, sound["below"].measured) == (-111, -50)
    assert {sound[name].verdict for name in ("crossing", "below")} == {"holds"}
    too_high = judged([399.9, 330.0, 100.0])
    assert (too_high["crossing"].verdict, too_high["below"].verdict) == ("holds", "fails")
    assert judged([399.9, 380.0, 100.0])["crossing"].verdict == "fails"


def test_every_attack_has_a_receipt_of_what_it_did(findings):
    receipts = of_kind(findings, Receipts)
    assert len(receipts) == len(ATTACKS) * len(SEEDS)
    for found in receipts:
        assert found.receipts[0]["applications"]["agent_0"] > 0
    played = [row.values for row in of_kind(findings, Row) if "attack" in row.values]
    assert {row["attack"] for row in played} == set(ATTACKS)


def test_a_seed_is_measured_the_same_alone_and_nothing_twice_by_a_run_that_goes_on(
    findings, tmp_path, monkeypatch
):
    config = replace(MINIATURE, kept=str(tmp_path))
    first = list(run(config, (1,), no_progress))
    assert rows_of(first, 1) == rows_of(findings, 1)

    def nobody(*_, **__):
        raise AssertionError("all of it is kept")

    for name in ("learned", "returns", "attacked", "certified"):
        monkeypatch.setattr(pieces, name, nobody)
    again = list(run(config, (1,), no_progress))

    def others(found):
        return [finding for finding in found if not isinstance(finding, Row)]

    assert rows_of(again, 1) == rows_of(first, 1) != []
    assert others(again) == others(first)
    with pytest.raises(AssertionError, match="all of it is kept"):  # of that seed alone
        list(run(config, (2,), no_progress))


def test_there_is_a_picture(findings):
    assert len(of_kind(findings, File)) == 1


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_spends_its_budget_and_a_large_one_fells_the_pole(policy, name):
    threat = threat_of(name, policy, 0.1, 20.0, episodes=5, seed=1)
    found = attacked(threat, policy, 0.1, episodes=20, seed=2)
    clean = attacked(
        threat_of(ATTACKS[0], policy, 0.1, 0.0, episodes=5, seed=1),
        policy,
        0.1,
        episodes=20,
        seed=2,
    )
    assert found.disagreements == ()
    assert found.returns.mean() < clean.returns.mean()


def test_the_worst_way_is_worse_than_most(policy):
    way = worst_way(policy, 0.1, 20.0, episodes=5, seed=1)
    assert np.isclose(np.linalg.norm(way.direction), 1)
    again = worst_way(policy, 0.1, 20.0, episodes=5, seed=1)
    assert (way.direction == again.direction).all()


def test_leaning_pushes_one_way_as_far_as_it_goes():
    attacker = Leaning(np.array([0.6, -0.8]))
    pushes = attacker.act({"agents": np.zeros((3, 2, 2), np.float32)}, Draws(0, "test/lean", [0]))
    assert pushes["agents"].shape == (3, 2, 2)
    assert np.allclose(pushes["agents"], [0.75, -1.0])


def test_the_upper_limit_holds_as_often_as_it_says():
    rng = np.random.default_rng(0)
    below = [upper_limit(500.0 * rng.integers(0, 2, 30), 0.1) < 250 for _ in range(2000)]
    assert np.mean(below) <= 0.1


def test_actions_are_certified_in_states_that_are_visited(policy):
    states = visited(policy, 0.1, 6, 3)
    assert states.shape == (6, 1, 4)
    found = certified(MINIATURE, policy, states, 0.1, 3)
    assert (found.radii >= 0).all()
    assert (found.radii <= 0.1 * 3).all()
    assert found.changed == 0
