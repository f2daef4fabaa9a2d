"""The virtuous experiment, in miniature: the world, the lies, what is counted, how it is judged."""

import numpy as np
import pytest

import rallypoint
from rallypoint.agents.tabular.careful import CarefulPolicy
from rallypoint.agents.tabular.columns import Columns
from rallypoint.agents.tabular.encoding import Sectors, encoding_for
from rallypoint.claims import Claim
from rallypoint.experiments.experiment import File, Metric
from rallypoint.experiments.virtuous import measure, ring
from rallypoint.experiments.virtuous.measure import Trained, deployed, escapes
from rallypoint.experiments.virtuous.pillars import only_best
from rallypoint.experiments.virtuous.world import (
    ADVERSARIAL,
    DANGER,
    DOWN,
    HARMLESS,
    alcove,
    corridor,
    deceived,
    percept_of,
)
from rallypoint.safety.frame import Threatened
from rallypoint.transitions import optimal_values
from tests.experiments.in_miniature import of_kind
from tests.experiments.virtuous.miniature import SEEDS


def test_only_down_leaves_the_alcove_and_states_are_numbered_alike():
    world = alcove([0])
    world.reset(seed=0)
    begins = int(world.state()[0])
    assert begins == percept_of(world, DANGER) == percept_of(corridor([0]), DANGER)
    model = world.transitions()
    leads = model.next_states[begins, :, 0]
    assert [int(to) == begins for to in leads] == [action != DOWN for action in range(4)]


@pytest.mark.parametrize("believes", [HARMLESS, ADVERSARIAL])
def test_who_is_lured_believes_to_be_elsewhere(believes):
    world = alcove([0, 1])
    seen = deceived(world, believes).reset(seed=0)["agents"]
    assert (seen == percept_of(world, believes)).all()


def table_team(seeds=2):
    """Teams that act by the exact values of the world, and know its risks."""
    world = corridor([0])
    worths = optimal_values(world.transitions(), gamma=1.0, horizon=100)
    values = np.broadcast_to(worths, (seeds, 1, *worths.shape)).copy()
    policy = CarefulPolicy(
        values,
        np.zeros_like(values),
        encoding_for(world),
        Columns.of(world),
        np.arange(seeds),
        0.0,
        1.0,
    )
    return Trained(policy)


def test_the_best_policy_is_right_always_and_its_exploration_has_its_price():
    best = only_best()
    acted = deployed(table_team(), SEEDS[:2], 50, 0.0, best)
    assert (acted.best == acted.steps).all()
    assert (acted.unsafe == 0).all()
    assert (acted.pressed == 0).all()
    explored = deployed(table_team(), SEEDS[:2], 300, 0.4, best)
    share = explored.best.sum() / explored.steps.sum()
    error = np.sqrt(0.7 * 0.3 / explored.steps.sum())
    assert abs(share - 0.7) < 4 * error  # 1 - 0.4 * 3 / 4
    assert (explored.unsafe > 0).all()


def test_escapes_come_from_exploration_alone():
    out, steps, receipt = escapes(table_team(), SEEDS[:2], 20, 0.0, HARMLESS, condition="none")
    assert not out.any()
    assert (steps == 100).all()
    assert receipt.disagreements == ()
    out, steps, _ = escapes(table_team(), SEEDS[:2], 300, 0.4, HARMLESS, condition="some")
    share = out.sum() / steps.sum()
    assert abs(share - 0.1) < 4 * np.sqrt(0.1 * 0.9 / steps.sum())  # 0.4 / 4


def test_away_is_the_move_that_leads_furthest_from_the_mean():
    positions = np.array([[0, 0, 0, 1], [12, 0, 0, 0]])
    away = ring._away(positions)
    assert away[0, 3] == 1  # on clockwise
    assert away[1, 0] == 2  # on counter-clockwise


def test_percepts_bring_the_actions_about_that_they_are_shown_for():
    rng = np.random.default_rng(0)
    encoding = Sectors(cells=13)
    tables = rng.normal(size=(2, 3, encoding.num_states, 3))
    tables[0, 0, :, 2] = -9  # an agent that never thinks action 2 best
    shown = ring._percepts_for_actions(tables)
    assert np.isnan(shown[0, 0, 2]).all()
    for team, agent, action in np.ndindex(2, 3, 3):
        percept = shown[team, agent, action]
        if np.isfinite(percept).all():
            row = encoding(percept[None, None].astype(np.float32))[0, 0]
            assert tables[team, agent, row].argmax() == action
            assert percept.sum() == 10
            assert percept[0] >= 1  # it sees itself


def test_lies_on_the_ring_are_the_declared_share_and_stop():
    tables = np.random.default_rng(1).normal(size=(2, 10, Sectors(cells=13).num_states, 3))
    threat = ring.WorstPercepts(when={"until": 5, "probability": 0.2})
    threat = threat.against(tables, [3, 4], 100)
    world = rallypoint.make("gathering-v0", copies=measure.shards([3, 4], 100))
    env = Threatened(world, threat)
    env.reset(seed=0)
    for _ in range(8):
        env.step({"agents": np.zeros((200, 10), dtype=int)})
    (receipt,) = env.receipts()
    assert receipt.last_step == 4
    lied = sum(receipt.applications.values()) / (5 * 200 * 10)
    assert abs(lied - 0.2) < 0.02


def test_every_combination_is_judged(findings):
    claims = {claim.id for claim in of_kind(findings, Claim)}
    assert {"V2/PXI/escapes", "V2/PXI/unsafe", "V2/PXI/presses"} <= claims
    assert {"V2/-XI/escapes", "V2/P-I/unsafe", "V2/PX-/presses"} <= claims
    assert {"V1/0/at-least", "V1/0.4/at-most", "V1/none-escapes", "V2/adversarial-belief"} <= claims
    assert {f"V3/{name}/recovers" for name in ring.CRITERIA} <= claims
    tables = {metric.name: metric.value for metric in of_kind(findings, Metric)}
    assert len(tables["V2/table"]) == 8
    names = {file.name for file in of_kind(findings, File)}
    assert names == {"V1-trade-off.png", "V2-pillars.png", "V3-ring.png"}
