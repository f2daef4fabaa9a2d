"""The experts experiment, in miniature: the task, the liars, the defences, the judgement."""

import numpy as np
import pytest

from rallypoint.claims import Claim
from rallypoint.experiments.experiment import File, Receipts, Row
from rallypoint.experiments.experts.colluders import WAYS, threats
from rallypoint.experiments.experts.config import ExpertsConfig
from rallypoint.experiments.experts.defences import ALL, defence
from rallypoint.experiments.experts.task import Task
from tests.experiments.experts.miniature import MINIATURE, SEEDS
from tests.experiments.in_miniature import of_kind


def test_gradients_are_those_of_the_logistic_loss():
    batches = Task(MINIATURE, 0).batches(3)
    at = np.linspace(-1, 1, 5)

    def losses(parameters):
        margins = batches.inputs @ parameters
        return (np.logaddexp(0, margins) - batches.labels * margins).mean(axis=1)

    steps = 1e-6 * np.eye(5)
    slopes = [(losses(at + step) - losses(at - step)) / 2e-6 for step in steps]
    np.testing.assert_allclose(batches.gradients(at), np.transpose(slopes), atol=1e-8)


def test_who_knows_nothing_is_right_half_the_time_and_who_has_it_backwards_never():
    task = Task(MINIATURE, 0)
    boundary = np.linalg.lstsq(task._tests, 2.0 * task._answers - 1, rcond=None)[0]
    right = task.accuracy(boundary)
    assert right > 0.95
    assert task.accuracy(-boundary) == pytest.approx(1 - right)
    assert task.accuracy(np.zeros(5)) == 0.5


def test_swapped_labels_pull_exactly_the_other_way_where_nothing_is_known():
    batches = Task(MINIATURE, 0).batches(0)
    honest = batches.gradients(np.zeros(5))
    swapped = batches.swapped(slice(6, 20)).gradients(np.zeros(5))
    np.testing.assert_allclose(swapped[6:20], -honest[6:20])
    np.testing.assert_array_equal(swapped[:6], honest[:6])


def test_labels_are_wrong_as_often_as_they_are_said_to_be():
    noisy = Task(ExpertsConfig(noise=0.2), 0).batches(0)
    right = Task(ExpertsConfig(noise=0.0), 0).batches(0)
    np.testing.assert_array_equal(noisy.inputs, right.inputs)
    assert (noisy.labels != right.labels).mean() == pytest.approx(0.2, abs=0.05)


@pytest.mark.parametrize("way", WAYS[1:])
def test_liars_are_all_but_the_honest(way):
    frame = threats(MINIATURE, way, seed=0)
    assert frame.byzantine.tolist() == [False] * 6 + [True] * 14


@pytest.mark.parametrize(
    ("name", "f"), [("mean", 14), ("median", 9), ("krum", 8), ("bulyan", 4), ("fltrust", 14)]
)
def test_rules_are_told_the_truth_or_the_most_that_they_take(name, f):
    assert defence(MINIATURE, name).f == f


def test_half_of_the_experts_are_those_who_come_first():
    for name in ("half of the experts alone", "expert_rank, half anchored"):
        assert defence(MINIATURE, name).trusted == (0, 1, 2)
    assert defence(MINIATURE, "expert_rank, no anchors").trusted == tuple(range(20))


def test_experts_alone_are_deaf_to_others(rng):
    updates = rng.standard_normal((20, 5))
    alone = defence(MINIATURE, "experts alone")
    others = updates.copy()
    others[6:] = 100 * rng.standard_normal((14, 5))
    root = np.ones(5)
    np.testing.assert_allclose(alone.combine(updates, root), alone.combine(others, root))


def test_every_condition_has_its_claim(findings):
    assert [claim.id.removeprefix("experts/") for claim in of_kind(findings, Claim)] == [
        *("refuses/median", "refuses/geometric_median", "refuses/krum", "refuses/bulyan"),
        *("refuses/expert_rank", "refuses/fltrust"),
        *("mean", "median", "geometric_median", "krum", "bulyan", "experts-alone"),
        *("expert_rank", "half-of-the-experts-alone", "expert_rank-half-anchored", "fltrust"),
        *("expert_rank-no-anchors", "friends-help"),
    ]


def test_rules_refuse_what_they_cannot_do(findings):
    refusals = [claim for claim in of_kind(findings, Claim) if "/refuses/" in claim.id]
    assert all(claim.holds and claim.measured == 1 for claim in refusals)


def test_anchors_make_the_difference(findings):
    by_id = {claim.id: claim.measured for claim in of_kind(findings, Claim)}
    assert by_id["experts/expert_rank"] > 0.8
    assert by_id["experts/expert_rank-no-anchors"] < 0.5


def test_a_mean_learns_whatever_the_majority_has_for_labels(findings):
    rows = [row.values for row in of_kind(findings, Row)]
    swapped = [
        row["accuracy"]
        for row in rows
        if (row["defence"], row["colluders"]) == ("mean", "swapped labels")
    ]
    assert len(swapped) == len(SEEDS)
    assert max(swapped) < 0.5


def test_every_lie_has_a_receipt(findings):
    receipts = of_kind(findings, Receipts)
    assert len(receipts) == len(ALL) * (len(WAYS) - 1) * len(SEEDS)


def test_there_is_a_curve_for_each_defence_way_and_seed(findings):
    rows = [row.values for row in of_kind(findings, Row)]
    cells = {(row["defence"], row["colluders"], row["seed"]) for row in rows}
    assert len(cells) == len(ALL) * len(WAYS) * len(SEEDS)
    assert {row["round"] for row in rows} == {5}
    assert [file.name for file in of_kind(findings, File)] == ["experts.png"]
