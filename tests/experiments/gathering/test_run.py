"""The gathering experiment, in miniature: what it measures, not how well agents do."""

import numpy as np

from rallypoint.agents.rules import CircularMean
from rallypoint.claims import Claim
from rallypoint.experiments.experiment import File, Metric, Receipts, Row
from rallypoint.experiments.gathering.config import GatheringConfig
from rallypoint.experiments.gathering.measure import SEARCH, Bench, worst_start
from tests.experiments.gathering.miniature import MINIATURE, SEEDS
from tests.experiments.in_miniature import of_kind


def test_every_condition_has_its_claim(findings):
    assert [claim.id for claim in of_kind(findings, Claim)] == [
        *("G1/learns", "G1/first-group", "G1/random"),
        *("G2/uniform", "G2/antipodal", "G2/spaced", "G2/worst-of-4"),
        *("G2/uniform-greedy", "G2/antipodal-greedy", "G2/spaced-greedy"),
        *("G3/step-0", "G3/step-5", "G3/step-20", "G3/dead-visible"),
        *("G4/20", "G4/50", "G4/100", "G4/5", "G4/3"),
    ]


def test_the_rows_known_to_fail_are_marked_as_limits(findings):
    limits = {claim.id for claim in of_kind(findings, Claim) if claim.documented_limit}
    assert limits == {"G4/5", "G4/3", "G3/dead-visible"}


def test_agents_that_hardly_learned_are_reported_as_failing(findings):
    by_id = {claim.id: claim for claim in of_kind(findings, Claim)}
    assert by_id["G1/learns"].verdict == "fails"
    assert by_id["G1/random"].verdict == "holds"


def test_a_crowd_that_never_learned_to_gather_shows_nothing_about_its_loss(findings):
    by_id = {claim.id: claim for claim in of_kind(findings, Claim)}
    assert by_id["G3/step-0"].verdict == "undecided"
    assert by_id["G3/dead-visible"].verdict == "undecided"


def test_every_crash_has_a_receipt(findings):
    receipts = of_kind(findings, Receipts)
    assert [receipt.condition for receipt in receipts] == [
        *("G3/step-0", "G3/step-5", "G3/step-20", "G3/dead-visible"),
    ]


def test_there_is_a_plot_per_claim_a_film_and_tables_per_seed(findings):
    names = {file.name for file in of_kind(findings, File)}
    plots = {"G1-learning.png", "G2-self-stabilisation.png", "G3-loss.png", "G4-transfer.png"}
    tables = {f"tables-seed{seed}.safetensors" for seed in SEEDS}
    assert names == plots | tables | {"before-and-after.gif"}


def test_each_seed_has_its_row_in_every_condition(findings):
    rows = [row.values for row in of_kind(findings, Row) if row.values["claim"] != "G1"]
    by_claim = {}
    for row in rows:
        by_claim.setdefault(row["claim"], []).append(row["seed"])
    assert all(seeds == list(SEEDS) for seeds in by_claim.values())


def test_numbers_without_a_claim_are_there_too(findings):
    names = {metric.name for metric in of_kind(findings, Metric)}
    assert {"G1/oracle/first", "G2/uniform-greedy/never_gathers", "G3/no-loss/in_group"} <= names


def test_the_oracle_gathers_from_step_two_on_and_stays():
    outcome = Bench(MINIATURE, SEEDS, 100).test(CircularMean(), num_agents=10)
    assert outcome.in_group.min() == 1
    assert 2 < outcome.first.mean() < 3
    assert not outcome.never.any()
    np.testing.assert_allclose(outcome.course[:, -1], 1)


def test_the_worst_start_is_one_of_the_candidates_and_scores_no_better_than_any(rng):
    config = GatheringConfig(candidates=6, candidate_runs=3)
    tables = rng.normal(size=(3, 10, 3003, 3))
    worst = worst_start(config, SEEDS, tables, 0.0)
    world = Bench(config, SEEDS, config.candidates).world(config.num_agents)
    world.reset(SEARCH)
    candidates = world.state().reshape(len(SEEDS), config.candidates, -1)
    for seed, start in enumerate(worst):
        assert (candidates[seed] == start).all(axis=1).any()
