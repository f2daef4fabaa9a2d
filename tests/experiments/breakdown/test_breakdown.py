"""The breakdown experiment, in miniature: who competes, what is measured, how it is judged."""

import numpy as np
import pytest

from rallypoint.claims import Claim
from rallypoint.draws import stream
from rallypoint.experiments.breakdown.config import BreakdownConfig
from rallypoint.experiments.breakdown.contestants import ATTACKS, CHAINS, contestants
from rallypoint.experiments.breakdown.measure import errors
from rallypoint.experiments.experiment import File, Metric, Row
from rallypoint.safety.threats import threats
from tests.experiments.breakdown.miniature import FEW, MINIATURE, SEEDS, rules_of
from tests.experiments.in_miniature import of_kind


def test_every_threat_to_updates_attacks():
    kinds = {name for name in threats if threats[name].site == "update"}
    assert kinds <= {kind.partition(":")[0] for kind, _ in ATTACKS.values()}


def test_rules_are_told_of_no_more_than_their_bound_allows():
    most = {rule.name: rule.most for rule in contestants(BreakdownConfig())}
    assert most["median"] == most["nnm+median"] == 9
    assert most["krum"] == most["nnm+krum"] == 8
    assert most["bulyan"] == 4
    assert most["smea"] == 3  # 1140 subsets; 4845 are more than it may compare
    assert set(CHAINS) <= set(most)


def test_rules_that_promise_nothing_have_no_bound():
    assert {rule.name for rule in contestants(BreakdownConfig()) if not rule.is_bounded} == {
        "mean",
        "nan_mean",
    }


def test_rules_with_a_unit_of_their_own_do_not_compete():
    names = {rule.name for rule in contestants(BreakdownConfig())}
    assert not {"sign_vote", "centered_clipping", "expert_rank", "per_layer", "nnm"} & names


def test_zeros_move_a_mean_by_their_share_of_its_length():
    config = BreakdownConfig(contributors=10, liars=(1, 5))
    found = errors(config, 4, 50, 5, rules_of(config, "mean"))
    honest = 3 + stream(4, "breakdown/updates", 50).standard_normal((10, 50))[:5]
    mean = honest.mean(axis=0)
    deviation = np.sqrt(np.square(honest - mean).sum(axis=1).mean())
    zeros = found[0, list(ATTACKS).index("zero")]
    assert zeros == pytest.approx(np.linalg.norm(mean) / 2 / deviation)


def test_a_rule_that_refuses_is_not_counted_as_broken():
    found = errors(MINIATURE, 0, 5, 5, rules_of(MINIATURE, "median"))
    assert np.isnan(found[0, list(ATTACKS).index("nan")])
    assert np.isfinite(found[0, list(ATTACKS).index("zero")])


def test_every_condition_has_its_claim(findings):
    assert [claim.id.removeprefix("breakdown/") for claim in of_kind(findings, Claim)] == [
        *("withstands/krum", "breaks/krum"),
        "breaks/mean",
        *("withstands/median", "breaks/median", "kappa/median"),
        *("withstands/nnm+trimmed_mean", "breaks/nnm+trimmed_mean", "kappa/nnm+trimmed_mean"),
    ]


def test_bounds_hold_and_beyond_them_rules_break(findings):
    by_id = {claim.id: claim for claim in of_kind(findings, Claim)}
    for name in ("withstands/median", "breaks/median", "kappa/median", "breaks/mean"):
        assert by_id[f"breakdown/{name}"].holds


def test_it_is_said_with_how_many_liars_a_rule_breaks_and_by_what(findings):
    broken = {metric.name: metric.value for metric in of_kind(findings, Metric)}
    assert broken["mean/broken"]["f_real"] == 1
    assert "optimal:std" in broken["mean/broken"]["by"]
    assert broken["median/broken"]["f_real"] == 5


def test_each_rule_has_a_row_per_seed_and_number_of_liars(findings):
    rows = [row.values for row in of_kind(findings, Row)]
    assert len(rows) == len(SEEDS) * len(MINIATURE.liars) * len(FEW)
    assert all(row["f"] == row["f_real"] for row in rows if row["f_real"] <= 1 and row["f"])
    assert all(row["f"] == 0 for row in rows if row["f_real"] == 0 or row["rule"] == "mean")
    past = [row for row in rows if row["f_real"] == 5 and row["rule"] == "median"]
    assert all(row["f"] == 4 and row["error"]["nan"] is None for row in past)


def test_there_are_pictures(findings):
    names = [file.name for file in of_kind(findings, File)]
    assert names == ["breakdown.png", "breakdown-curves.png"]
