"""The coevolution experiment, in miniature: what is measured, and how it is judged."""

from dataclasses import replace

import numpy as np
import pytest

from rallypoint.agents.gradient.checkpoints import CHECKPOINT, Checkpoint, write_checkpoint
from rallypoint.claims import Claim
from rallypoint.errors import InvalidConfig
from rallypoint.experiments.coevolution import measure, methods
from rallypoint.experiments.coevolution.config import CoevolutionConfig
from rallypoint.experiments.coevolution.run import run
from rallypoint.experiments.experiment import File, Metric, Row
from rallypoint.experiments.plan import make_plan
from rallypoint.snapshots import as_array
from tests.experiments.coevolution.miniature import MINIATURE, SEEDS, small
from tests.experiments.in_miniature import of_kind, rows_of
from tests.experiments.progress import no_progress

METHODS = ["coevolution", "one_against_one", "round_robin", "no_adversary"]


def test_every_method_is_run_and_tested_on_every_seed(findings):
    rows = [row.values for row in of_kind(findings, Row)]
    evolved = [(row["method"], row["seed"]) for row in rows if "steps" in row]
    tested = [(row["method"], row["seed"]) for row in rows if "clean" in row]
    assert evolved == tested == [(method, seed) for method in METHODS for seed in SEEDS]
    assert [metric.name for metric in of_kind(findings, Metric)] == METHODS


def test_no_method_takes_more_than_its_budget_nor_much_less(findings):
    steps = [row.values["steps"] for row in of_kind(findings, Row) if "steps" in row.values]
    assert max(steps) <= 6700
    assert min(steps) > 5000


def test_the_worst_is_the_worst_and_the_mean_the_mean(findings):
    for row in of_kind(findings, Row):
        if "held_out" in row.values:
            found = row.values["held_out"]
            assert len(found) == len(METHODS)  # one attacker that met each method's host
            assert row.values["worst"] == min(found)
            assert row.values["mean"] == np.mean(found)


def test_claims_have_their_names_and_a_picture_is_drawn(findings):
    claims = [claim.id for claim in of_kind(findings, Claim)]
    others = ("no_adversary", "one_against_one", "round_robin")
    assert claims == [
        "coevolution/budget",
        "coevolution/clean",
        *(f"coevolution/{how}/{other}" for other in others for how in ("worst", "mean")),
        "coevolution/own",
    ]
    assert of_kind(findings, Claim)[0].verdict == "holds"
    assert [file.name for file in of_kind(findings, File)] == ["coevolution.png"]


def test_a_seed_is_measured_the_same_alone_and_what_was_kept_is_used(findings, tmp_path):
    config = replace(MINIATURE, kept=str(tmp_path))
    wanted = rows_of(findings, seed=1)
    with small():
        assert rows_of(run(config, (1,), no_progress), seed=1) == wanted
        files = sorted(tmp_path.rglob(CHECKPOINT))
        assert len(files) == len(METHODS) * 2
        before = [file.stat().st_mtime_ns for file in files]
        assert rows_of(run(config, (1,), no_progress), seed=1) == wanted
    assert [file.stat().st_mtime_ns for file in files] == before


def test_attackers_are_held_out():
    bench = measure.Bench(CoevolutionConfig())
    assert min(bench.other_seeds) > 10**9  # nobody is tested of them
    assert len(bench.other_seeds) == 2


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"budget": 0}, "takes at least"),
        ({"hosts": 1}, "OneAgainstOne"),
        ({"pathogens": 0}, "OneAgainstOne"),
        ({"measured": 1}, "episodes is a number >= 2"),
        ({"birth_rounds": 0}, "birth_rounds is a number >= 1"),
    ],
)
def test_methods_that_cannot_be_run_are_refused(settings, says):
    with pytest.raises(InvalidConfig, match=says):
        methods.methods(CoevolutionConfig(**settings))


def test_the_quick_one_can_be_run():
    from rallypoint.experiments import experiments

    plan = make_plan(
        experiments["coevolution"],
        settings=[],
        first_seed=0,
        num_seeds=None,
        quick=True,
        out=None,
        command=None,
    )
    (cell,) = plan.cells
    assert methods.methods(cell.config).keys() == set(METHODS)


def test_what_is_kept_of_another_regime_is_refused_before_anything_is_evolved(tmp_path):
    kept = tmp_path / "coevolution/seed-0"
    write_checkpoint(kept, Checkpoint({"regime": as_array("another")}, [], 0))
    with small(), pytest.raises(InvalidConfig, match="another regime"):
        measure.check(replace(MINIATURE, kept=str(tmp_path)))
