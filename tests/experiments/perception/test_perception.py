"""The perception experiment, in miniature: what is certified and measured, how it is judged."""

import itertools
from functools import partial

import numpy as np
import pytest

from rallypoint.agents.adversary.defended import WAYS
from rallypoint.claims import Claim
from rallypoint.envs.control.cartpole.dynamics import ANGLE_LIMIT, POSITION_LIMIT, moved
from rallypoint.errors import InvalidConfig
from rallypoint.experiments.experiment import File, Metric, Receipts, Row
from rallypoint.experiments.perception import attacks, measure
from rallypoint.experiments.perception.attacks import ATTACKS
from rallypoint.experiments.perception.certified import soonest_fall
from rallypoint.experiments.perception.config import PerceptionConfig
from rallypoint.experiments.perception.run import run
from rallypoint.safety.threats import threats
from tests.experiments.progress import no_progress

SEEDS = (0, 1, 2)
MINIATURE = PerceptionConfig(
    epsilons=(0.2, 0.5), episodes=2, copies=2, rounds=2, attacker_rounds=1, defences=("noise",)
)


@pytest.fixture(scope="module")
def findings():
    small = {"policy": (8,), "value": (8,), "steps": 16, "minibatch": 16, "epochs": 1}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measure, "LEARNER", measure.PpoLearner(**small))
        patch.setattr(measure, "ATTACKER", measure.PpoLearner(**small))
        judge = partial(attacks.RobustSarsa, rounds=1, steps=16)
        patch.setattr(attacks, "RobustSarsa", judge)
        yield list(run(MINIATURE, SEEDS, no_progress))


def of_kind(findings, kind):
    return [finding for finding in findings if isinstance(finding, kind)]


def test_every_attack_on_arrays_is_tried():
    kinds = {
        n for n in threats if threats[n].__module__.startswith("rallypoint.safety.threats.perc")
    }
    assert kinds - {"percept_map", "smoothed_pgd"} == set(ATTACKS)


def test_every_agent_is_measured_under_every_attack(findings):
    rows = [row.values for row in of_kind(findings, Row)]
    seen = {(row["agent"], row["attack"], row["epsilon"], row["seed"]) for row in rows}
    assert len(seen) == len(rows)
    plain = {("plain", kind, size, s) for kind in ATTACKS for size in (0.2, 0.5) for s in SEEDS}
    noise = {("noise", kind, 0.2, s) for kind in ATTACKS for s in SEEDS}
    clean = {(who, "none", 0.0, s) for who in ("plain", "noise") for s in SEEDS}
    assert seen == plain | noise | clean


def test_every_attack_keeps_to_its_budget(findings):
    receipts = of_kind(findings, Receipts)
    assert len(receipts) == 3 * len(ATTACKS)
    for receipt in receipts:
        assert receipt.disagreements == ()
        (told,) = receipt.receipts
        size = 0.5 if receipt.condition.endswith("0.5") else 0.2
        assert told["largest_lie"] <= size


def test_the_median_agent_has_three_columns(findings):
    tables = {metric.name: metric.value for metric in of_kind(findings, Metric)}
    assert set(tables) == {"plain-0.2", "plain-0.5", "noise-0.2"}
    for table in tables.values():
        assert table["certified"] <= table["strongest"] <= table["clean"]
        assert sum(table["strongest-on"].values()) == len(SEEDS)
        assert table["strongest"] <= min(table["medians"].values())


def test_claims_have_their_names_and_pictures_are_drawn(findings):
    claims = {claim.id: claim for claim in of_kind(findings, Claim)}
    named = {"P1/clean", "P1/random-0.5", "P1/fgsm-0.5", "P2/more-steps-0.2"}
    assert set(claims) == named | {"P2/looking-ahead-0.2", "P3/noise", "P4/certified"}
    assert claims["P1/clean"].verdict == "fails"  # two rounds are no training
    assert claims["P4/certified"].verdict == "holds"
    assert {file.name for file in of_kind(findings, File)} == {"attacks.png", "defences.png"}


def test_the_soonest_fall_is_that_of_the_worst_sequence_of_pushes():
    starts = np.random.default_rng(0).uniform(-0.05, 0.05, (3, 4))
    for start, soonest in zip(starts, soonest_fall(starts), strict=True):
        falls = []
        for pushes in itertools.product((0, 1), repeat=int(soonest)):
            state = start[None]
            for step, push in enumerate(pushes, start=1):
                state = moved(state, np.array([push]))
                if abs(state[0, 0]) > POSITION_LIMIT or abs(state[0, 2]) > ANGLE_LIMIT:
                    falls.append(step)
                    break
        assert min(falls) == soonest


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epsilons": (0.2,)}, "contain"),
        ({"epsilons": (0.0, 0.2, 0.5)}, "sizes > 0"),
        ({"defended_at": 0.7}, "defended_at is one of"),
        ({"defences": ("luck",)}, "defences are among"),
        ({"defences": ("plain",)}, "defences are among"),
        ({"rounds": 0}, "rounds is a number >= 1"),
    ],
)
def test_settings_that_cannot_be_run_are_refused(settings, message):
    with pytest.raises(InvalidConfig, match=message):
        PerceptionConfig(**settings)


def test_all_ways_of_training_are_compared():
    assert {"plain", *PerceptionConfig().defences} == set(WAYS)
