"""What is said of runs in which they differ, and what they are called by it."""

from types import SimpleNamespace

import pytest

from rallypoint.experiments.report.differing import differences, names
from tests.experiments.report.toy_runs import page_of, write_run


def threats(*tables, byzantine=None):
    return {"format": 1, "threats": list(tables)} | ({"byzantine": byzantine} if byzantine else {})


def runs(*configs, experiment="train"):
    return [
        SimpleNamespace(summary=SimpleNamespace(config=config, experiment=experiment))
        for config in configs
    ]


NOISE = {"kind": "noise", "victims": "all", "when": {"from": 0}, "scale": 0.3}
LOUDER = NOISE | {"scale": 0.9}
CRASH = {"kind": "crash", "victims": "all", "when": {"from": 5}}
LIARS = {"count": 2}


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        ({"steps": 1}, {"steps": 1}, ["", ""]),
        ({"steps": 1}, {"steps": 2}, ["steps = 1", "steps = 2"]),
        ({"set": {"a": 1}}, {"set": {}}, ["set.a = 1", "no set"]),
        ({"rules": ["krum"]}, {"rules": ["mean"]}, ['rules = ["krum"]', 'rules = ["mean"]']),
    ],
)
def test_what_differs_is_said_and_nothing_else(one, other, told):
    assert differences(runs(one, other)) == told


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        # Who had none is said to have had none; of who had one, not how it was set.
        (None, threats(NOISE), ["no threats", "threats[0] = noise"]),
        (threats(NOISE), threats(CRASH), ["threats[0] = noise", "threats[0] = crash"]),
        # Of one kind it is how they were set that differs, and that alone.
        (
            threats(CRASH, NOISE),
            threats(CRASH, LOUDER),
            ["threats[1].scale = 0.3", "threats[1].scale = 0.9"],
        ),
        (
            threats(NOISE),
            threats(NOISE, CRASH, byzantine=LIARS),
            ["", "threats[1] = crash, threats.byzantine.count = 2"],
        ),
    ],
)
def test_threats_are_told_by_kind_and_those_of_one_kind_by_how_they_are_set(one, other, told):
    assert differences(runs({"threats": one}, {"threats": other})) == told


def test_runs_of_another_experiment_are_nothing_to_differ_from():
    apart = runs({"a": 1}) + runs({"a": 2}, experiment="other")
    assert differences(apart) == ["", ""]


def test_settings_name_runs_where_they_are_short_for_all_of_them_and_else_folders_do():
    labels = ["x", "y", "z"]
    assert names(runs({"f": 1, "seed": 0}, {"f": 2}, {"f": 1, "seed": 1}), labels) == [
        "f = 1",
        "f = 2",
        "f = 1",
    ]
    assert names(runs({"f": 1}, {"f": "2" * 60}, {"f": 1}), labels) == ["x", "y", "x"]
    assert names(runs({"f": 1}, {}, {"f": 1}), labels) == ["x", "y", "x"]
    assert names(runs({"f": 1}, {"f": 1}, {"f": 1, "seed": 3}), labels) == ["all runs"] * 3


def test_a_drawing_of_one_run_beside_others_says_whose_it_is(tmp_path):
    # Of two learners, say, whose rows have other columns, so that each has drawings of its own.
    write_run(tmp_path / "one", cycles=10)
    write_run(tmp_path / "other", cycles=20)
    path = tmp_path / "other" / "metrics.jsonl"
    path.write_text(path.read_text().replace('"share"', '"part"'))
    page = page_of(tmp_path / "one", tmp_path / "other")
    beside = page.text.partition("runs side by side")[2].partition("Run it again")[0]
    assert "cycles = 10" in beside
    assert "cycles = 20" in beside
