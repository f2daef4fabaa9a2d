"""Cheap parts with enough data to show what they are there to show, controls included."""

from dataclasses import replace

import pytest

from rallypoint.claims import Claim
from rallypoint.experiments.experiment import Metric
from rallypoint.experiments.interruptibility import (
    controls,
    distribution,
    exploration,
    frozen_partner,
    price,
    two_updates,
)
from rallypoint.experiments.interruptibility.config import InterruptibilityConfig
from tests.experiments.in_miniature import of_kind
from tests.experiments.progress import no_progress

SEEDS = (0, 1, 2, 3)
SMALL = InterruptibilityConfig(
    episodes=100,
    gambles=300,
    frozen_rounds=40_000,
    updates=500,
    repetitions=2,
    exploration_steps=100_000,
    joint_repetitions=2,
    joint_updates=1_500,
    price_rounds=8_000,
)


@pytest.fixture
def claims():
    """Return the claims that a part makes, by their ids."""

    def run(part, **changes):
        found = part.findings(replace(SMALL, **changes), SEEDS, no_progress)
        return {finding.id: finding for finding in of_kind(found, Claim)}

    return run


def verdicts(claims):
    return {claim.verdict for claim in claims.values()}


def shown_by_finding(claims, num_found):
    """Eight tests are too few for a verdict on a share, and enough to find what is always found."""
    finds = [claim for claim in claims.values() if str(claim.expected) == ">= 0.9"]
    assert len(finds) == num_found
    assert {claim.measured for claim in finds} == {1.0}
    others = {claim.verdict for claim in claims.values() if claim not in finds}
    assert others == {"holds"}


def test_the_bias_of_what_is_dropped_wrongly_and_its_absence_elsewhere(claims):
    found = claims(frozen_partner)
    assert verdicts(found) == {"holds"}
    assert found["D1/none/at-least"].measured == pytest.approx(-0.1, abs=0.005)
    assert found["D1/executed_equals_proposed"].measured == pytest.approx(-0.099, abs=0.005)
    assert found["D1/drop_others/at-least"].measured == pytest.approx(0, abs=0.008)


def test_tables_that_depend_are_found_and_others_are_not(claims):
    found = claims(distribution)
    assert len(found) == 10
    shown_by_finding(found, 5)


def test_joint_learners_depend_as_the_proofs_say(claims):
    found = claims(two_updates)
    shown_by_finding(found, 12)
    for game in ("matching-2", "matching-3", "matching-4", "road"):
        assert found[f"D5/{game}/same_step/1-update"].measured == 1
        assert found[f"D5/{game}/delayed/1-update"].expected.threshold == 0
        assert found[f"D5/{game}/delayed/2-updates"].measured == 1


def test_too_few_updates_leave_it_undecided(claims):
    assert "holds" not in verdicts(claims(two_updates, joint_updates=99, joint_repetitions=1))


def test_slow_interruptions_leave_room_to_explore(claims):
    found = claims(exploration)
    assert found["D3/slow"].measured > found["D3/fast"].measured
    assert found["D3/fast"].verdict == "holds"
    assert found["D3/pruned-own-action"].verdict == "holds"


def test_a_joint_table_is_closer_to_the_truth():
    found = list(price.findings(SMALL, SEEDS, no_progress))
    assert {claim.verdict for claim in of_kind(found, Claim)} == {"holds"}
    metrics = {metric.name: metric.value for metric in of_kind(found, Metric)}
    # The bias is 0.1 theta in what 0 is worth and in what 1 is.
    assert metrics["D6/2-agents/theta-0.5/none/error"] == pytest.approx(0.05, abs=0.01)
    assert metrics["D6/2-agents/theta-0.5/joint-second_draw/error"] < 0.03
    assert metrics["D6/4-agents/theta-0.9/drop_any/error"] == "not enough data"


def test_the_controls_are_found(claims):
    found = claims(controls)
    assert verdicts(found) == {"holds"}
    assert len(found) == 7
