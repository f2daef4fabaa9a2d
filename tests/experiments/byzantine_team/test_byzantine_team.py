"""A team with liars in it, in miniature: who lies where, and what a run says."""

from dataclasses import replace

import numpy as np
import pytest

from rallypoint.claims import Claim
from rallypoint.experiments.byzantine_team.config import ATTACKS
from rallypoint.experiments.byzantine_team.measure import Cell, measure, threats, worth_of_nothing
from rallypoint.experiments.byzantine_team.run import run
from rallypoint.experiments.experiment import File, Metric, Receipts, Row
from tests.experiments.byzantine_team.miniature import MINIATURE, SEEDS
from tests.experiments.in_miniature import of_kind
from tests.experiments.progress import no_progress

WORTH = {
    "mean-none": 40.0,
    "median-none": 38.0,
    "mean-sign_flip-f1": 1.0,
    "median-sign_flip-f1": 30,
}


def findings_of(monkeypatch, worth, config=MINIATURE):
    """Run with trainings that come to a worth given by cell, and one more on each seed."""
    told = measure(MINIATURE, Cell("median", "sign_flip", 1), seed=5)

    def measured(config, cell, seed):
        return told._replace(worth=float(worth[cell.name] + seed))

    monkeypatch.setattr("rallypoint.experiments.byzantine_team.run.measure", measured)
    return list(run(config, SEEDS, no_progress))


@pytest.mark.parametrize("attack", ATTACKS)
def test_every_liar_lies_in_the_world_and_in_its_update(attack):
    model = threats(Cell("median", attack, 2), 10)
    sites = [threat.site for threat in model.threats]
    assert sites[1] == "update"
    assert sites[0] in {"action", "feedback"}
    assert model.to_dict()["byzantine"]["members"] == ["agent_8", "agent_9"]


def test_a_rule_is_also_tried_by_liars_who_ask_it_what_it_would_make_of_a_lie():
    """Blind ones left Multi-Krum 96 % of the gain with two of ten lying; these leave nothing."""
    knows = {
        attack
        for attack in ATTACKS
        for threat in threats(Cell("median", attack, 2), 10).threats
        if "aggregator" in threat.knowledge
    }
    assert knows == {"optimal_reverse", "opt_ema"}


def test_receipts_tell_that_the_declared_liars_lied_at_every_opportunity():
    one = measure(MINIATURE, Cell("median", "sign_flip", 1), seed=5)
    assert one.outcome.disagreements == ()
    in_world, in_updates = (receipt.to_dict() for receipt in one.outcome.receipts)
    for receipt in (in_world, in_updates):
        assert receipt["opportunities"] > 0
        assert receipt["applications"] == {"agent_3": receipt["opportunities"]}
    assert 0 <= one.believed <= 1


def test_whom_nobody_lies_to_is_worth_the_same_among_liars_that_there_are_not():
    one = measure(MINIATURE, Cell("mean", "none", 0), seed=5)
    assert one.worth == one.among_liars
    assert one.believed == 0
    again = measure(MINIATURE, Cell("mean", "none", 0), seed=5)
    assert again.worth == one.worth


def test_a_run_tells_of_every_cell_and_judges_each_rule_by_its_worst(monkeypatch):
    findings = findings_of(monkeypatch, WORTH)
    rows = [found.values for found in of_kind(findings, Row)]
    cells = {(row["rule"], row["attack"], row["f"], row["seed"]) for row in rows}
    assert len(rows) == len(cells) == 4 * len(SEEDS)
    claims = {found.id: found for found in of_kind(findings, Claim)}
    nothing = worth_of_nothing(MINIATURE)
    shares = {
        name: np.mean([(worth + s - nothing) / (40 + s - nothing) for s in SEEDS])
        for name, worth in WORTH.items()
    }
    assert claims.keys() == {
        "byzantine_team/learns",
        "byzantine_team/mean-breaks/f-1",
        "byzantine_team/keeps/median/f-1",
    }
    assert claims["byzantine_team/learns"].measured == pytest.approx(41 - nothing)
    broken, kept = (
        claims[f"byzantine_team/{name}/f-1"] for name in ("mean-breaks", "keeps/median")
    )
    assert broken.measured == pytest.approx(shares["mean-sign_flip-f1"])
    assert kept.measured == pytest.approx(shares["median-sign_flip-f1"])
    assert (broken.verdict, kept.verdict) == ("holds", "fails")
    metrics = {f.name: f.value for f in of_kind(findings, Metric)}
    assert "median-f1/worst-attack" in metrics
    assert metrics["mean/f-that-it-takes"] == 0  # where a page ends what theory promises
    assert metrics["median/f-that-it-takes"] == (MINIATURE.num_agents - 1) // 2
    assert [found.name for found in of_kind(findings, File)] == ["byzantine-team.png"]
    assert not any(f.disagreements for f in of_kind(findings, Receipts))


def test_a_rule_by_distances_is_judged_by_loud_lies_as_well(monkeypatch):
    def judged(worth):
        cells = {"mean-none": 40, "multi_krum-none": 40, "mean-sign_flip-f1": 0, "mean-alie-f1": 0}
        settings = {"rules": ("mean", "multi_krum"), "attacks": ("sign_flip", "alie")}
        config = replace(MINIATURE, num_agents=6, **settings)
        findings = findings_of(monkeypatch, cells | worth, config)
        return {found.id: found for found in of_kind(findings, Claim)}

    claims = judged({"multi_krum-sign_flip-f1": 39, "multi_krum-alie-f1": 1})
    assert claims["byzantine_team/loud/multi_krum/f-1"].verdict == "holds"
    assert claims["byzantine_team/keeps/multi_krum/f-1"].verdict == "fails"
    assert not any(claim.documented_limit for claim in claims.values())


def test_where_nobody_learns_at_all_nothing_is_decided(monkeypatch):
    nothing = worth_of_nothing(MINIATURE)
    findings = findings_of(monkeypatch, dict.fromkeys(WORTH, nothing - 2))
    claims = {found.id: found for found in of_kind(findings, Claim)}
    assert claims.pop("byzantine_team/learns").verdict == "fails"
    assert {claim.verdict for claim in claims.values()} == {"undecided"}
