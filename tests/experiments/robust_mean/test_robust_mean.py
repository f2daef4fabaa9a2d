"""The robust mean experiment, in miniature: its samples, what is measured, how it is judged."""

import numpy as np
import pytest

from rallypoint.claims import Claim
from rallypoint.experiments.experiment import File, Row
from rallypoint.experiments.robust_mean.run import FEW_RULES, RULES
from rallypoint.experiments.robust_mean.samples import SHAPES, draw
from tests.experiments.in_miniature import of_kind
from tests.experiments.robust_mean.miniature import SEEDS

every_shape = pytest.mark.parametrize("shape", list(SHAPES))


@every_shape
def test_the_honest_are_the_same_whatever_the_corrupt_do(shape):
    found = draw(0, shape, samples=50, corrupt=5, d=6)
    assert found.honest.shape == (45, 6)
    np.testing.assert_array_equal(
        found.honest, draw(0, "cluster", samples=50, corrupt=5, d=6).honest
    )


@pytest.mark.parametrize(
    ("shape", "distance", "deviation"),
    [("cluster", 15, 0.1), ("cloud", 15, 1), ("two_clusters", 15, None), ("subtle", 3, 1)],
)
def test_corrupt_samples_are_where_they_are_said_to_be(shape, distance, deviation):
    found = draw(1, shape, samples=4000, corrupt=2000, d=100)
    corrupt = found.rows[2000:]
    centres = [corrupt[::2].mean(axis=0), corrupt[1::2].mean(axis=0)]
    for centre in centres:
        assert np.linalg.norm(centre) == pytest.approx(distance, rel=0.05)
    if deviation is None:
        assert abs(centres[0] @ centres[1]) < 0.01 * distance**2  # at right angles
    else:
        assert corrupt.std(axis=0).mean() == pytest.approx(deviation, rel=0.05)


def test_every_condition_has_its_claim(findings):
    by_each = ("mean", "median", "trimmed_mean", "geometric_median")
    expected = []
    for shape in ("cluster", "cloud", "two_clusters"):
        expected += [f"filter/{shape}", f"que/{shape}"]
        expected += [f"{rule}/{shape}/{end}" for rule in by_each for end in ("least", "most")]
    expected += ["filter/subtle", "filter/subtle-found"]
    found = [claim.id.removeprefix("robust_mean/") for claim in of_kind(findings, Claim)]
    assert found == expected


def test_a_filter_finds_what_is_plain_and_bears_what_is_not(findings):
    by_id = {claim.id: claim for claim in of_kind(findings, Claim)}
    assert by_id["robust_mean/filter/cluster"].holds
    assert by_id["robust_mean/filter/subtle"].holds
    assert by_id["robust_mean/filter/subtle-found"].documented_limit


def test_a_mean_is_off_by_the_corrupt_share_of_where_they_are(findings):
    rows = [row.values for row in of_kind(findings, Row)]
    off = [
        row["error"]
        for row in rows
        if (row["shape"], row["rule"], row["d"]) == ("cluster", "mean", 64)
    ]
    np.testing.assert_allclose(off, 0.1 * 1.5 * 8, rtol=0.2)


def test_each_rule_has_a_row_per_shape_seed_and_dimension(findings):
    rows = [row.values for row in of_kind(findings, Row)]
    cells = {(row["shape"], row["seed"], row["d"], row["rule"]) for row in rows}
    rules = len(RULES) + len(FEW_RULES)
    assert len(cells) == len(rows) == len(SHAPES) * len(SEEDS) * 2 * rules


def test_there_is_a_picture(findings):
    assert [file.name for file in of_kind(findings, File)] == ["robust-mean.png"]
