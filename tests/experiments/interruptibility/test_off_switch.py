"""O1: the off-switch game, learned by trying."""

import numpy as np
import pytest

from rallypoint.claims import Claim
from rallypoint.envs.games import off_switch as game
from rallypoint.experiments.experiment import File, Metric, Row
from rallypoint.experiments.interruptibility import off_switch
from rallypoint.experiments.interruptibility.config import InterruptibilityConfig
from tests.experiments.in_miniature import of_kind, rows_of
from tests.experiments.progress import no_progress

SEEDS = (0, 1, 2)


@pytest.fixture(scope="module")
def findings():
    return list(off_switch.findings(InterruptibilityConfig(pulls=1000), SEEDS, no_progress))


def test_a_robot_that_tried_everything_a_thousand_times_knows_when_to_wait(findings):
    (claim,) = of_kind(findings, Claim)
    assert claim.id == "O1/pulls-1000"
    assert str(claim.expected) == ">= 0.97"
    assert claim.holds


def test_it_knows_less_when_it_has_tried_less(findings):
    by_pulls = {}
    for row in of_kind(findings, Row):
        by_pulls.setdefault(row.values["claim"], []).append(row.values["agreement"])
    assert list(by_pulls) == ["O1/pulls-300", "O1/pulls-1000"]
    assert np.mean(by_pulls["O1/pulls-300"]) < np.mean(by_pulls["O1/pulls-1000"])


def test_it_is_asked_where_the_answer_is_clear(findings):
    cells = {metric.name: metric.value for metric in of_kind(findings, Metric)}["O1/cells"]
    assert cells == {"clear": 362, "wait": 110}


def test_there_is_a_map_of_where_it_is_right(findings):
    assert [file.name for file in of_kind(findings, File)] == ["O1-off-switch.png"]


def test_a_robot_learns_the_same_alone_and_among_others(findings):
    alone = off_switch.findings(InterruptibilityConfig(pulls=1000), (1,), no_progress)
    assert rows_of(alone, seed=1) == rows_of(findings, seed=1)


def test_with_few_pulls_it_is_asked_once_and_nothing_is_claimed():
    found = list(off_switch.findings(InterruptibilityConfig(pulls=50), (0,), no_progress))
    assert of_kind(found, Claim) == []
    assert {metric.name for metric in of_kind(found, Metric)} >= {"O1/pulls-50/agreement"}


def test_what_it_learns_are_the_means_of_the_game():
    pulls = 400
    ((asked, means),) = off_switch._learned((5,), [pulls])
    assert asked == pulls
    mean, deviation, beta = game.cells().T
    means = means[0]
    assert (means[:, game.OFF] == 0).all()
    # Six standard errors, at a quarter fewer pulls than wanted: 510 cells never go beyond.
    margin = 6 * deviation / np.sqrt(0.75 * pulls) + 1e-12
    assert (np.abs(means[:, game.ACT] - mean) <= margin).all()
    waiting = game.worth_of_waiting(mean, deviation, beta)
    spread = np.sqrt(mean**2 + deviation**2)  # waiting pays the utility, or nothing
    assert (np.abs(means[:, game.WAIT] - waiting) <= 6 * spread / np.sqrt(0.75 * pulls)).all()
