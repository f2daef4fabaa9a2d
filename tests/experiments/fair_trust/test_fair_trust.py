"""The fair trust experiment, in miniature: who is drawn, how trust is set, how it is judged."""

import numpy as np
import pytest

from rallypoint.claims import Claim
from rallypoint.experiments.experiment import Row
from rallypoint.experiments.fair_trust.config import FairTrustConfig
from rallypoint.experiments.fair_trust.measure import (
    BYZANTINE,
    MAJORITY,
    MINORITY,
    corrected,
    judged,
    rounds,
)
from tests.experiments.fair_trust.miniature import MINIATURE
from tests.experiments.in_miniature import of_kind


def test_every_claim_is_judged_and_every_seed_told_of_before_and_after(findings):
    claims = {finding.id: finding for finding in of_kind(findings, Claim)}
    assert list(claims) == [
        f"fair_trust/{part}"
        for part in ("gap/before", "gap/after", "minority-error", "bonus", "fakers")
    ]
    assert claims["fair_trust/fakers"].documented_limit
    assert len(of_kind(findings, Row)) == 6


def test_contributors_are_where_they_are_said_to_be():
    drawn = rounds(FairTrustConfig(rounds=400), 0, "calibration")
    centres = [drawn.updates[:, drawn.kinds == kind].mean(axis=(0, 1))[:2] for kind in range(3)]
    np.testing.assert_allclose(centres, [[0, 0], [4, 0], [0, -6]], atol=0.1)
    assert [int((drawn.kinds == k).sum()) for k in (MAJORITY, MINORITY, BYZANTINE)] == [30, 6, 4]
    away = np.linalg.norm(drawn.updates[7] - np.median(drawn.updates[7], axis=0), axis=1)
    assert (drawn.trust[7] == -away).all()


def test_what_the_equaliser_promises_holds_on_what_it_was_calibrated_by():
    drawn = rounds(MINIATURE, 1, "calibration")
    correction = corrected(drawn).correction
    has = drawn.trust + correction[drawn.profiles]
    assert drawn.of(MAJORITY, has).mean() == pytest.approx(drawn.of(MINORITY, has).mean())


def test_without_a_minority_that_differs_nothing_is_to_be_equalised():
    config = FairTrustConfig(rounds=400, offset=0.0)
    calibration, test = rounds(config, 0, "calibration"), rounds(config, 0, "test")
    found = judged(config, calibration, test, np.zeros(7))
    assert found.thrown_out == pytest.approx((0.1, 0.1), abs=0.03)
    assert corrected(calibration).error < 0.1
