"""Asynchronous filters, in miniature: what is measured, and how it is judged."""

import numpy as np
import pytest

from rallypoint.claims import Claim
from rallypoint.experiments.experiment import File, Metric, Row
from rallypoint.experiments.kardam.config import KardamConfig
from rallypoint.experiments.kardam.contestants import Condition, conditions
from rallypoint.experiments.kardam.policies import learn
from rallypoint.experiments.kardam.quadratic import descend
from tests.experiments.in_miniature import of_kind
from tests.experiments.kardam.miniature import MINIATURE
from tests.experiments.progress import no_progress

LONG = KardamConfig(dimension=20, arrivals=2500)


def test_every_condition_is_measured_on_both_problems(findings):
    rivals = list(conditions(MINIATURE))
    assert len(rivals) == len(set(rivals)) == 18
    rows = [row.values for row in of_kind(findings, Row)]
    for problem in ("quadratic", "policy gradients"):
        told = [row for row in rows if row["problem"] == problem]
        assert len(told) == 3 * len(rivals)
        assert all(row["gradients"] >= 1 for row in told)
    assert len({metric.name for metric in of_kind(findings, Metric)}) == 2 * len(rivals)
    assert [file.name for file in of_kind(findings, File)] == ["policies-4.png"]


def test_what_cannot_hold_is_marked_as_a_limit(findings):
    limits = [claim.id for claim in of_kind(findings, Claim) if claim.documented_limit]
    assert limits == ["kardam/quadratic/slowdown-per-computed-gradient/n=4"]


def test_every_gradient_is_applied_or_refused_for_a_reason(findings):
    for row in of_kind(findings, Row):
        told = row.values
        if told["server"] in {"published", "version distance", "frequency only"}:
            kinds = [told["honest_refused_lipschitz"], told["honest_refused_frequency"]]
            assert sum(kinds) == pytest.approx(told["honest_refused"])


def test_a_seed_measures_the_same_whoever_runs_beside_it():
    rivals = [r for r in conditions(MINIATURE) if r.server in {"published", "version distance"}]
    both, alone, few = (
        {
            (seed, rival): found
            for seed, rival, found in learn(MINIATURE, some, seeds, no_progress, rate=1e-2)
        }
        for some, seeds in ((rivals, (3, 7)), (rivals, (7,)), (rivals[2:4], (7,)))
    )
    assert len(both) == 2 * len(alone) == 4 * 3
    for one in (alone, few):
        for key, found in one.items():
            assert found == both[key]


def test_the_published_filter_deadlocks_and_dividing_by_the_versions_distance_does_not():
    published, ours = (
        descend(LONG, Condition(server, "none", 4, 1), 0)
        for server in ("published", "version distance")
    )
    assert published["honest_refused"] > 0.9
    assert not published["reached"]
    assert published["longest_stall"] > 100
    assert ours["honest_refused_lipschitz"] < 0.15
    assert ours["reached"]


def test_a_buffered_rule_comes_near_the_minimum_where_unfiltered_gradients_lead_away():
    lied_to, sure = (
        descend(LONG, Condition(server, "times -100", 4, 1), 0)
        for server in ("unfiltered", "buffered")
    )
    assert lied_to["distance"] > 1e6
    assert sure["reached"]


def test_dampening_none_is_faster_here_than_inverse():
    """Staleness 6 divides by 7, and Kardam's exponential by 3.3."""
    steps = [
        descend(LONG, Condition(server, "none", 4, 1), 0)["gradients"]
        for server in ("no dampening", "unfiltered", "inverse dampening")
    ]
    assert np.all(np.diff(steps) > 0)
