"""The experiment with hostile members, in miniature: what it measures, not how well agents do."""

from dataclasses import replace

import numpy as np
import pytest

from rallypoint.claims import Claim
from rallypoint.envs.gathering import metrics
from rallypoint.experiments.byzantine_gathering.measure import Team, breakdown_points
from rallypoint.experiments.byzantine_gathering.sides import ATTACKERS, DEFENCES
from rallypoint.experiments.experiment import File, Metric, Receipts, Row
from rallypoint.experiments.gathering.measure import TEST, Bench
from rallypoint.safety.frame import Threatened
from rallypoint.safety.limits import Byzantine
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats.teammate.anti_goal import AntiGoal
from tests.experiments.byzantine_gathering.miniature import MINIATURE, SEEDS
from tests.experiments.in_miniature import of_kind


def test_every_condition_has_its_claim(findings):
    assert [claim.id for claim in of_kind(findings, Claim)] == [
        *("G5/none", "G5/trim_self", "G5/trim_self-gain", "G5/trim_self-always", "G5/trim_median"),
        *("B1/anti_goal/trim_self-gain", "B1/anti_goal/trim_median-gain"),
        *("B1/anti_goal/none-breakdown", "B1/anti_goal/trim_median-breakdown"),
        *("B1/look_ahead/f-1", "B1/look_ahead/f-2"),
        "B1/declared/too-low",
        "B1/antagonists/gain-f-2",
    ]


def test_every_attacker_meets_every_defence_with_every_number_of_liars(findings):
    conditions = {row.values["condition"] for row in of_kind(findings, Row)}
    for attacker in ATTACKERS:
        for defence in DEFENCES:
            assert {f"B1/{attacker}/{defence}/f-{f}" for f in range(4)} <= conditions
            assert any(
                metric.name == f"B1/{attacker}/{defence}/breakdown"
                for metric in of_kind(findings, Metric)
            )
    assert {f"B1/8-agents/cautious/f-{f}" for f in range(5)} <= conditions
    assert {f"B1/declared/trim_self/f-{f}-real-2" for f in range(3)} <= conditions
    assert "B1/depth-2/trim_median/f-2" in conditions
    assert {f"B1/look_ahead/antagonists/f-{f}" for f in range(4)} <= conditions


def test_every_condition_has_its_receipts(findings):
    receipts = of_kind(findings, Receipts)
    assert {r.condition for r in receipts} == {
        row.values["condition"] for row in of_kind(findings, Row)
    }
    by_condition = {r.condition: r.receipts[0] for r in receipts}
    # 5 L steps of each cycle, two liars.
    done = by_condition["B1/anti_goal/none/f-2"]["applications"]
    assert sum(done.values()) == len(SEEDS) * MINIATURE.test_cycles * 5 * MINIATURE.cells * 2
    assert sum(by_condition["B1/anti_goal/none/f-0"]["applications"].values()) == 0


def test_with_nobody_who_lies_all_attackers_are_one(findings):
    found = {}
    for row in of_kind(findings, Row):
        if row.values["condition"].endswith("none/f-0") and "8-agents" not in str(row.values):
            key = (row.values["condition"].split("/")[1] == "look_ahead", row.values["seed"])
            found.setdefault(key, set()).add(row.values["in_group"])
    assert all(len(values) == 1 for values in found.values())


def test_pictures_are_drawn(findings):
    assert [file.name for file in of_kind(findings, File)] == ["breakdown.png", "declared.png"]


def test_the_honest_alone_count():
    config = replace(MINIATURE, cells=13)
    tables = np.zeros((1, 6, 3003, 3))
    tables[..., 0] = 1  # everybody stays
    team = Team(config, (4,), 6, tables)
    outcome = team.attacked(AntiGoal(victims="byzantine"), 2, (), 3)
    bench = Bench(config.gathering, (4,), 3)
    model = ThreatModel(byzantine=Byzantine(count=2), threats=(AntiGoal(victims="byzantine"),))
    env = Threatened(bench.world(6), model)
    env.reset(TEST)
    counts = metrics.counts(env.state(), 13, ~env.byzantine)
    assert (counts.sum(axis=1) == 4).all()
    assert outcome.in_group[0] == pytest.approx(metrics.is_gathered(counts).mean())
    assert outcome.window[0] == pytest.approx(metrics.largest_group(counts).mean())


def test_a_seed_counts_its_own_cycles():
    config = replace(MINIATURE, cells=13)
    tables = np.random.default_rng(0).random((2, 6, 3003, 3))
    threat = AntiGoal(victims="byzantine")
    together = Team(config, (4, 5), 6, tables).attacked(threat, 2, (), 2)
    for place, seed in enumerate((4, 5)):
        alone = Team(config, (seed,), 6, tables[place : place + 1]).attacked(threat, 2, (), 2)
        assert together.window[place] == alone.window[0]
    assert together.window[0] != together.window[1]


def brute_force_point(curve, num_agents, level):
    fine = np.linspace(0, len(curve) - 1, 100_001)
    below = np.interp(fine, np.arange(len(curve)), curve) < level
    return fine[below.argmax()] / num_agents if below.any() else (len(curve) - 1) / num_agents


def test_breakdown_points_are_the_first_crossings():
    rng = np.random.default_rng(0)
    curves = rng.random((200, 6))
    found = breakdown_points(curves, 10, 0.5)
    expected = [brute_force_point(curve, 10, 0.5) for curve in curves]
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_a_curve_that_never_falls_has_the_largest_share_that_was_tried():
    assert breakdown_points(np.ones((1, 6)), 10).tolist() == [0.5]
    assert breakdown_points(np.zeros((1, 6)), 10).tolist() == [0.0]
