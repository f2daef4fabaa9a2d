"""The deep gathering experiment, in miniature."""

from rallypoint.claims import Claim
from rallypoint.experiments.experiment import File, Metric, Row
from tests.experiments.deep_gathering.miniature import SEEDS
from tests.experiments.in_miniature import of_kind


def test_the_claim_is_about_the_policy_as_it_was_trained_and_greed_stands_beside_it(findings):
    (claim,) = of_kind(findings, Claim)
    assert claim.id == "deep_gathering/small"
    assert claim.n == len(SEEDS)
    names = {finding.name for finding in of_kind(findings, Metric)}
    assert {"small/greedy", "small/random", "small/omniscient_mean"} <= names


def test_a_fifth_of_the_training_is_far_better_than_none(findings):
    by_name = {finding.name: finding.value for finding in of_kind(findings, Metric)}
    (claim,) = of_kind(findings, Claim)
    assert by_name["small/random"] < 0.02 < claim.measured
    assert by_name["small/omniscient_mean"] > 0.98


def test_learning_is_followed_and_filmed(findings):
    rows = [finding.values for finding in of_kind(findings, Row)]
    steps = [row["step"] for row in rows if row["seed"] == 0 and "step" in row]
    assert steps == sorted(steps)
    assert steps[-1] >= 0.2 * 96_000
    files = {finding.name for finding in of_kind(findings, File)}
    assert files == {"small-learning.png", "small-before-and-after.gif"}
