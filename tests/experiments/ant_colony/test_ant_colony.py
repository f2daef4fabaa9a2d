"""The ant colony experiment, in miniature: what is lost, measured and judged."""

import numpy as np
import pytest

from rallypoint.agents.rules import FixedRoles
from rallypoint.claims import Claim
from rallypoint.experiments.ant_colony import breakdown, foragers
from rallypoint.experiments.ant_colony.measure import RULES, SPARE, live, quarter
from rallypoint.experiments.experiment import File, Receipts
from rallypoint.safety.threat_model import ThreatModel
from tests.experiments.ant_colony.miniature import MINIATURE, SEEDS
from tests.experiments.in_miniature import of_kind


def test_every_claim_is_judged_and_every_condition_accounted_for(findings):
    names = {claim.id for claim in of_kind(findings, Claim)}
    assert names == {
        "ant_colony/steady/before",
        "ant_colony/steady/after",
        "ant_colony/fixed-roles/slope",
        *(f"ant_colony/recovers/{name}" for name in ("threshold", "encounters", "ppo")),
        *(f"ant_colony/beats-fixed/{name}" for name in ("threshold", "encounters", "ppo")),
        "ant_colony/breakdown/lost",
        "ant_colony/breakdown/pretending",
        "ant_colony/pretenders/encounters",
    }
    receipts = of_kind(findings, Receipts)
    assert len(receipts) == 4 + 2 * 4 * len(MINIATURE.losses)
    assert [file.name for file in of_kind(findings, File)] == [
        "foragers.png",
        "breakdown-lost.png",
        "breakdown-pretending.png",
    ]


def test_what_follows_by_arithmetic_holds_even_in_miniature(findings):
    claims = {claim.id: claim for claim in of_kind(findings, Claim)}
    for exact in ("fixed-roles/slope", "breakdown/lost", "breakdown/pretending"):
        assert claims[f"ant_colony/{exact}"].holds, exact


def test_exactly_the_foragers_are_lost_and_at_half_time():
    life = live(MINIATURE, SEEDS, RULES["fixed"], foragers.model(MINIATURE))
    assert (life.workers[:, :, :200, 0] == 30).all()
    assert (life.workers[:, :, 200:, 0] == 15).all()
    assert (life.workers[..., 1:] == 15).all()
    assert life.slope(quarter(MINIATURE, 4)) == pytest.approx(0.05)
    assert life.disagreements == ()


def test_as_many_pretenders_as_are_lost_leave_as_much_undone_where_nobody_takes_notice():
    roles = FixedRoles(workers=(30, 15, 15))
    undone = [
        live(MINIATURE, SEEDS, roles, ThreatModel(threats=(kind(30, 200),))).stimuli.sum()
        for kind in breakdown.KINDS.values()
    ]
    # Drawn by different threats, so not the very same ants.
    assert undone[0] == pytest.approx(undone[1], rel=0.3)
    assert SPARE == 24


def test_the_most_that_can_be_borne_is_read_off_the_slopes():
    slopes = np.array([[0.01, 0.5], [0.02, 0.4]])
    assert breakdown._most(MINIATURE, slopes) == 12
    assert breakdown._most(MINIATURE, 0 * slopes) == 30
    assert breakdown._most(MINIATURE, slopes + 1) is None
