"""The sever experiment, in miniature: what is measured, and how it is judged."""

import numpy as np
import pytest

from rallypoint.claims import Claim
from rallypoint.experiments.experiment import File, Receipts, Row
from rallypoint.experiments.sever.run import WAYS
from rallypoint.experiments.sever.trajectories import SCENES, gradients
from tests.experiments.in_miniature import of_kind
from tests.experiments.sever.miniature import MINIATURE, SEEDS


def test_every_scene_is_measured_and_judged(findings):
    rows = [finding.values for finding in of_kind(findings, Row)]
    of_updates = [row for row in rows if "scene" in row]
    assert len(of_updates) == len(SCENES) * len(SEEDS)
    assert all(row[way] > 0 for row in of_updates for way in WAYS)
    learned = [row for row in rows if "learned" in row]
    assert len(learned) == 4 * len(WAYS) * len(SEEDS)
    assert all(1 <= row["return"] <= 200 for row in learned)
    claims = [finding.id for finding in of_kind(findings, Claim)]
    assert len(set(claims)) == len(claims) == 13
    assert [finding.name for finding in of_kind(findings, File)] == ["sever.png"]
    told = of_kind(findings, Receipts)
    scenes = [*SCENES, *(f"learned/{scene}" for scene in ("none", "spread", "whole", "single"))]
    assert [one.condition for one in told] == scenes


@pytest.mark.parametrize(
    ("scene", "each"),
    [("spread", [1, 1, 1, 1]), ("whole", [0, 0, 0, 10]), ("single", [0, 0, 0, 1])],
)
def test_lies_are_where_the_scene_has_them(scene, each):
    assert sorted(gradients(MINIATURE, scene, 0).lies.sum(axis=1).tolist()) == each


def test_a_lie_is_the_same_trajectory_told_otherwise():
    # Loud and quiet lies are drawn from streams of their own; the policy and the poles are not.
    quiet, whole = (gradients(MINIATURE, scene, 5) for scene in ("quiet", "whole"))
    honest = ~quiet.lies & ~whole.lies
    np.testing.assert_allclose(quiet.each[honest], whole.each[honest], rtol=1e-5, atol=1e-6)
    only_whole = ~quiet.lies & whole.lies
    assert only_whole.any()
    expected = -MINIATURE.factor * quiet.each[only_whole]
    np.testing.assert_allclose(whole.each[only_whole], expected, rtol=1e-3, atol=1e-4)
