"""The parts about what is learned, in miniature: what they measure, not how well agents do."""

import numpy as np
import pytest

from rallypoint.claims import Claim
from rallypoint.experiments.experiment import File, Metric, Receipts, Row
from rallypoint.experiments.interruptibility import (
    asymptotic,
    controls,
    corridor,
    corridor_joint,
    decaying_exploration,
    deep_distribution,
    distribution,
    exploration,
    frozen_partner,
    gamed_metric,
    learner_cells,
    price,
    two_cars,
    two_updates,
)
from rallypoint.experiments.interruptibility.config import InterruptibilityConfig
from tests.experiments.in_miniature import of_kind, rows_of
from tests.experiments.progress import no_progress

SEEDS = (0, 1, 2)
MINIATURE = InterruptibilityConfig(
    episodes=2,
    schedule_episodes=2,
    asymptotic_steps=60,
    frozen_rounds=1_000,
    updates=20,
    repetitions=2,
    gambles=3,
    deep_pairs=4,
    deep_repetitions=1,
    deep_true_repetitions=1,
    exploration_steps=2_000,
    joint_repetitions=1,
    joint_updates=400,
    price_rounds=300,
    road_steps=20,
    corridor_episodes=2,
    push_episodes=1,
    crowd_episodes=1,
    joint_corridor_episodes=1,
)
# How many claims each part makes, whether interruptions have receipts, and its picture.
PARTS = {
    learner_cells: (21, 3, "S1-learners.png"),
    gamed_metric: (9, 1, None),
    controls: (7, 4, None),
    decaying_exploration: (6, 2, None),
    asymptotic: (5, 1, "S2-asymptotics.png"),
    frozen_partner: (8, 4, "D1-frozen-partner.png"),
    distribution: (10, 4, None),
    deep_distribution: (2, 0, None),
    exploration: (3, 0, "D3-exploration.png"),
    two_cars: (20, 10, "D4-two-cars.png"),
    two_updates: (40, 0, None),
    price: (4, 4, "D6-price.png"),
    corridor: (33, 3, "C1-corridor.png"),
    corridor_joint: (2, 2, None),
}


def each_of(parts):
    """Return a mark that gives a test each of some parts."""
    return pytest.mark.parametrize("part", parts, ids=lambda part: part.__name__.split(".")[-1])


every_part = each_of(PARTS)
_found = {}


@pytest.fixture
def found():
    """Return what a part finds; each is run once."""

    def run(part):
        if part not in _found:
            _found[part] = list(part.findings(MINIATURE, SEEDS, no_progress))
        return _found[part]

    return run


@every_part
def test_every_condition_has_its_claim_with_an_id_of_its_own(part, found):
    ids = [claim.id for claim in of_kind(found(part), Claim)]
    assert len(ids) == len(set(ids)) == PARTS[part][0]


@every_part
def test_interruptions_are_the_declared_ones(part, found):
    receipts = of_kind(found(part), Receipts)
    assert len(receipts) == len({receipt.condition for receipt in receipts}) == PARTS[part][1]
    assert not any(receipt.disagreements for receipt in receipts)


@every_part
def test_there_is_a_picture_where_it_helps(part, found):
    names = [file.name for file in of_kind(found(part), File)]
    assert names == ([PARTS[part][2]] if PARTS[part][2] else [])


@every_part
def test_each_seed_has_its_row_in_every_condition(part, found):
    by_claim = {}
    for row in of_kind(found(part), Row):
        by_claim.setdefault(row.values["claim"], []).append(row.values["seed"])
    assert by_claim
    assert all(seeds == list(SEEDS) for seeds in by_claim.values())


@every_part
def test_metrics_have_names_of_their_own(part, found):
    names = [metric.name for metric in of_kind(found(part), Metric)]
    assert len(names) == len(set(names))


# The corridor is told by learner_cells, which trains in the same way, and takes far longer.
@each_of([part for part in PARTS if part is not corridor])
def test_a_seed_measures_the_same_alone_and_among_others(part, found):
    alone = part.findings(MINIATURE, (1,), no_progress)
    assert rows_of(alone, seed=1) == rows_of(found(part), seed=1)


def test_pruned_results_say_what_was_kept(found):
    for part, name in ((learner_cells, "S1"), (two_cars, "D4"), (corridor, "C1")):
        metrics = {metric.name: metric.value for metric in of_kind(found(part), Metric)}
        kept = [value for name, value in metrics.items() if name.endswith("/kept")]
        assert len(kept) >= 10, name
        assert all(0 <= share <= 1 for share in kept)
        assert min(kept) < 1


def test_where_pruning_leaves_next_to_nothing_no_number_is_given(found):
    metrics = {metric.name: metric.value for metric in of_kind(found(frozen_partner), Metric)}
    assert metrics["D1/drop_any/theta-0.99/worth"] == "not enough data"
    assert metrics["D1/drop_any/theta-0.99/kept"] < 0.001
    assert isinstance(metrics["D1/none/theta-0.99/worth"], float)
    rows = [row.values for row in of_kind(found(frozen_partner), Row)]
    sparse = [row for row in rows if row["claim"] == "D1/drop_any/theta-0.99"]
    assert {row["worth"] for row in sparse} == {"not enough data"}


def test_agents_that_hardly_learned_are_reported_as_failing(found):
    verdicts = {claim.id: claim.verdict for claim in of_kind(found(corridor), Claim)}
    assert verdicts["C1/q_learning-executed"] == "fails"
    verdicts = {claim.id: claim.verdict for claim in of_kind(found(learner_cells), Claim)}
    assert "fails" in verdicts.values()


def test_only_what_is_known_to_fail_is_a_documented_limit(found):
    limits = {
        claim.id
        for part in PARTS
        for claim in of_kind(found(part), Claim)
        if claim.documented_limit
    }
    assert limits == {
        "S1/falling-epsilon/zeros/q_learning-executed",
        "S1/falling-epsilon/zeros/q_learning-executed-drop_own",
    }


def test_all_parts_are_run_and_no_claim_or_picture_has_the_name_of_another(found):
    from rallypoint.experiments.interruptibility.run import PARTS as RUN

    assert set(PARTS) <= set(RUN)
    for kind, name in ((Claim, "id"), (File, "name"), (Receipts, "condition")):
        names = [getattr(f, name) for part in PARTS for f in of_kind(found(part), kind)]
        assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"episodes": 0}, "episodes is a number >= 1"),
        ({"push_episodes": -1}, "push_episodes is a number >= 0"),
        ({"exploration_steps": 1000}, "1,000"),
    ],
)
def test_budgets_that_buy_nothing_are_refused_by_name(setting, message):
    with pytest.raises(ValueError, match=message):
        InterruptibilityConfig(**setting)


def test_corridors_are_left_out_if_told_so():
    config = InterruptibilityConfig(
        corridor_episodes=1, push_episodes=0, crowd_episodes=0, joint_corridor_episodes=0
    )
    ids = [claim.id for claim in of_kind(corridor.findings(config, (0,), no_progress), Claim)]
    assert len(ids) == 14
    assert not any("push" in name or "three" in name for name in ids)
    assert list(corridor_joint.findings(config, (0,), no_progress)) == []


def test_slopes_of_an_estimate_that_falls_by_a_tenth():
    worth = np.array([[0.1, 0.05, 0.01], [0.1, 0.1, 0.1]])
    np.testing.assert_allclose(frozen_partner._slopes(worth), [-0.1, 0], atol=1e-12)
