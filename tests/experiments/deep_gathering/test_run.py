"""The deep gathering experiment, in miniature."""

from contextlib import contextmanager

import pytest

from rallypoint.claims import Claim
from rallypoint.errors import InvalidConfig
from rallypoint.experiments.deep_gathering.config import DeepGatheringConfig
from rallypoint.experiments.deep_gathering.run import run
from rallypoint.experiments.experiment import File, Metric, Row


@contextmanager
def no_progress(label, total):
    del label, total
    yield lambda units=1: None


@pytest.fixture(scope="module")
def findings():
    config = DeepGatheringConfig(sizes=("small",), test_episodes=20, budget=0.2)
    return list(run(config, (0, 1, 2), no_progress))


def test_the_claim_is_about_the_policy_as_it_was_trained_and_greed_stands_beside_it(findings):
    (claim,) = [finding for finding in findings if isinstance(finding, Claim)]
    assert claim.id == "deep_gathering/small"
    assert claim.n == 3
    names = {finding.name for finding in findings if isinstance(finding, Metric)}
    assert {"small/greedy", "small/random", "small/omniscient_mean"} <= names


def test_a_fifth_of_the_training_is_far_better_than_none(findings):
    by_name = {finding.name: finding.value for finding in findings if isinstance(finding, Metric)}
    (claim,) = [finding for finding in findings if isinstance(finding, Claim)]
    assert by_name["small/random"] < 0.02 < claim.measured
    assert by_name["small/omniscient_mean"] > 0.98


def test_learning_is_followed_and_filmed(findings):
    rows = [finding.values for finding in findings if isinstance(finding, Row)]
    steps = [row["step"] for row in rows if row["seed"] == 0 and "step" in row]
    assert steps == sorted(steps)
    assert steps[-1] >= 0.2 * 96_000
    files = {finding.name for finding in findings if isinstance(finding, File)}
    assert files == {"small-learning.png", "small-before-and-after.gif"}


@pytest.mark.parametrize(
    "setting", [{"sizes": ("smal",)}, {"num_agents": 0}, {"test_episodes": 0}, {"budget": 0.0}]
)
def test_settings_that_cannot_be_run_are_refused_by_name(setting):
    (name,) = setting
    with pytest.raises(InvalidConfig, match=name.rstrip("s")):
        DeepGatheringConfig(**setting)
