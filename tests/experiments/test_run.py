"""``rallypoint run``: from words to results."""

import dataclasses
import json
from pathlib import Path

import pytest

from rallypoint.experiments import experiments
from rallypoint.summary import read_summary
from rallypoint.takeover import OWN_FILES


def rows_of(folder):
    lines = (Path(folder) / "metrics.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


REFUSED = {
    "unknown experiment": (["run", "toi"], "did you mean 'toy'?"),
    "no experiment": (["run"], "say which experiment to run; known: "),
    "unknown command": (["runn"], "No such command 'runn'"),
    "unknown flag": (["run", "toy", "--qick"], "--quick"),
    "flag of another experiment": (["run", "toy", "--cycles", "3"], "--cycles"),
    "unknown key": (["run", "toy", "--set", "throw=3"], "did you mean 'throws'?"),
    "unknown inner key": (["run", "toy", "--set", "hand.strengt=3"], "did you mean 'strength'?"),
    "key of no config": (["run", "toy", "--set", "throws.x=3"], "no setting 'throws.x'"),
    "no value": (["run", "toy", "--set", "throws"], "looks like 'cycles=500', got 'throws'"),
    "empty value": (["run", "toy", "--set", "throws="], "throws is an integer, got ''"),
    "wrong type": (["run", "toy", "--set", "throws=many"], "throws is an integer, got 'many'"),
    "wrong type in a flag": (["run", "toy", "--throws", "0.5"], "throws is an integer, got '0.5'"),
    "no number": (["run", "toy", "--bias", "nan"], "bias is a number, got 'nan'"),
    "no truth": (["run", "toy", "--set", "cheat=maybe"], "cheat is true or false"),
    "no list": (["run", "toy", "--set", "sides=1"], "sides is a list such as [1,2]"),
    "no choice": (["run", "toy", "--metal", "tin"], "metal is one of gold, silver, got 'tin'"),
    "value refused by the config": (["run", "toy", "--bias", "2"], "bias is a probability, got 2"),
    "one bad cell of two": (["run", "toy", "--bias", "0.5,2"], "bias is a probability, got 2"),
    "same value twice": (["run", "toy", "--bias", "0.5,0.5"], "the same value twice"),
    "set twice": (["run", "toy", "--bias", "1", "--set", "bias=0"], "bias is set twice"),
    "no seeds": (["run", "toy", "--seeds", "0"], "from 1 to 1,000,000, got 0"),
    "negative seed": (
        ["run", "toy", "--seed", "-1"],
        "seeds lie in [0, 2**31), since",
    ),
    "seed too large": (["run", "toy", "--seed", 2**62], f"got --seed {2**62} for 5 seeds"),
    "last seed too large": (["run", "toy", "--seed", 2**31 - 4], "seeds lie in [0, 2**31)"),
    "seed far too large": (["run", "toy", "--seed", "9" * 20], f"got --seed {'9' * 20} for"),
    "too many seeds": (["run", "toy", "--seeds", 10**12], "1,000,000, got 1000000000000"),
    "seed without a number": (["run", "toy", "--seed", "one"], "'one' is not a valid integer"),
    "out is a file": (["run", "toy", "--out", "file"], "file is a file; give a folder with --out"),
    "out is below a file": (["run", "toy", "--out", "file/x"], "cannot write"),
    "out holds other files": (["run", "toy", "--out", "mine"], "mine holds other files"),
    "unknown kind": (["list", "agent"], "did you mean 'agents'?"),
}


@pytest.mark.parametrize(("words", "says"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_meant_is_refused_in_one_line_before_any_work(
    words, says, rallypoint, tmp_path
):
    (tmp_path / "file").write_text("")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.tex").write_text("")
    before = set(tmp_path.rglob("*"))
    done = rallypoint(*words)
    assert (done.status, done.out, done.err.count("\n")) == (2, "", 1)
    assert done.err.startswith("Error: ")
    assert says in done.err
    assert set(tmp_path.rglob("*")) == before


def test_a_run_writes_its_results_and_says_where(rallypoint, read):
    done = rallypoint("run", "toy", "--out", "out")
    assert done.status == 0
    summary = read("out/summary.json")
    assert summary["experiment"] == "toy"
    assert summary["seeds"] == [0, 1, 2, 3, 4]
    assert summary["config"]["throws"] == 200
    assert summary["metrics"] == {"sides": [1, 2]}
    verdicts = {claim["id"]: claim["verdict"] for claim in summary["claims"]}
    assert verdicts == {"T1/heads": "holds", "T1/tails": "fails", "T2/near": "holds"}
    assert [claim.get("documented_limit") for claim in summary["claims"]] == [None, True, None]
    rows = rows_of("out")
    assert [row["seed"] for row in rows] == summary["seeds"]
    assert all(row["odds"] is None for row in rows)
    assert read("out/receipts.json")["receipts"] == {"T1/heads": [{"throws": 200}]}
    assert read("out/manifest.json")["files"] == [*OWN_FILES, "plots/heads.txt"]
    assert read("out/manifest.json")["status"] == "finished"
    for said in ("T1/heads", ">= 0.8", "holds", "fails (known)", "In out/:"):
        assert said in done.out
    assert "2 of 2 claims hold; 1 of 1 documented limit fails, as documented" in done.out
    assert "95 % bootstrap intervals over 5 seeds cover about 8" in done.out
    assert "T1/tails fails (known): 0." in done.err


def test_without_out_results_go_to_a_new_folder_each_time(rallypoint, tmp_path):
    rallypoint("run", "toy")
    rallypoint("run", "toy")
    folders = list((tmp_path / "runs").iterdir())
    assert len(folders) == 2
    assert all(folder.name.startswith("toy-") for folder in folders)


def test_the_same_command_gives_the_same_numbers(rallypoint):
    rallypoint("run", "toy", "--out", "a")
    rallypoint("run", "toy", "--out", "b")
    assert read_summary(Path("a")).claims == read_summary(Path("b")).claims
    assert rows_of("a") == rows_of("b")


def test_quick_changes_budget_and_seeds_but_no_threshold(rallypoint, read):
    rallypoint("run", "toy", "--out", "full")
    rallypoint("run", "toy", "--quick", "--out", "quick")
    full, quick = read("full/summary.json"), read("quick/summary.json")
    assert (quick["config"]["throws"], quick["seeds"]) == (100, [0, 1, 2])
    thresholds = [[(c["id"], c["expected"]) for c in s["claims"]] for s in (full, quick)]
    assert thresholds[0] == thresholds[1]


def test_what_is_asked_for_goes_before_quick(rallypoint, read):
    rallypoint("run", "toy", "--quick", "--seeds", 4, "--throws", 7, "--out", "out")
    summary = read("out/summary.json")
    assert (summary["config"]["throws"], summary["seeds"]) == (7, [0, 1, 2, 3])


def test_options_may_stand_before_the_experiment(rallypoint, read):
    assert rallypoint("run", "--quick", "--out", "toy", "toy").status == 0
    assert read("toy/summary.json")["seeds"] == [0, 1, 2]
    assert rallypoint("run", "--owner", "toy", "--out", "toy", "toy").status == 0
    assert read("toy/summary.json")["config"]["owner"] == "toy"


def test_a_seed_measures_the_same_whichever_run_beside_it(rallypoint):
    rallypoint("run", "toy", "--seeds", 5, "--out", "all")
    rallypoint("run", "toy", "--seeds", 2, "--seed", 2, "--out", "some")
    assert rows_of("some") == rows_of("all")[2:4]


@pytest.mark.parametrize(
    ("words", "key", "value"),
    [
        (["--set", "throws=7"], "throws", 7),
        (["--throws", "7"], "throws", 7),
        (["--set", "bias=1"], "bias", 1),
        (["--set", "sides=[3,4,5]"], "sides", [3, 4, 5]),
        (["--metal", "silver"], "metal", "silver"),
        (["--set", "owner=7"], "owner", "7"),
        (["--set", "owner=a=b"], "owner", "a=b"),
        (["--set", "stop=false"], "stop", False),
        (["--no-stop"], "stop", False),
        (["--set", "hand.strength=2.5"], "hand", {"strength": 2.5}),
    ],
)
def test_a_setting_reaches_the_config(words, key, value, rallypoint, read):
    rallypoint("run", "toy", *words, "--out", "out")
    assert read("out/summary.json")["config"][key] == value


def test_several_values_make_a_cell_each_and_one_table(rallypoint, read, tmp_path):
    done = rallypoint("run", "toy", "--set", "throws=20,50", "--bias", "0.9,0.3", "--out", "out")
    assert done.status == 0
    cells = [f"throws={t},bias={b}" for t in (20, 50) for b in (0.9, 0.3)]
    assert sorted(p.name for p in (tmp_path / "out").iterdir() if p.is_dir()) == sorted(cells)
    whole = read("out/summary.json")
    assert (whole["config"]["throws"], whole["config"]["bias"]) == ([20, 50], [0.9, 0.3])
    assert read("out/manifest.json")["cells"] == cells
    for cell in cells:
        summary = read(f"out/{cell}/summary.json")
        assert f"throws={summary['config']['throws']},bias={summary['config']['bias']}" == cell
        assert (tmp_path / "out" / cell / "plots/heads.txt").exists()
        for claim in summary["claims"]:
            assert {**claim, "id": f"{claim['id']}/{cell}"} in whole["claims"]
        assert cell.partition(",")[0] in done.out
    assert len(whole["claims"]) == 12


def test_a_list_can_be_swept(rallypoint, tmp_path):
    rallypoint("run", "toy", "--set", "sides=[1,2],[3]", "--out", "out")
    folders = {p.name for p in (tmp_path / "out").iterdir() if p.is_dir()}
    assert folders == {"sides=1_2", "sides=3"}


def test_a_second_run_takes_the_folder_of_the_first(rallypoint, tmp_path):
    rallypoint("run", "toy", "--bias", "0.9,0.8", "--out", "out")
    (tmp_path / "out/notes.txt").write_text("mine")
    assert rallypoint("run", "toy", "--out", "out").status == 0
    names = {p.name for p in (tmp_path / "out").iterdir()}
    assert names == {*OWN_FILES, "plots", "notes.txt"}


def test_strict_is_about_claims_that_are_not_shown(rallypoint):
    assert rallypoint("run", "toy", "--bias", "0.4", "--out", "out").status == 0
    done = rallypoint("run", "toy", "--bias", "0.4", "--out", "out", "--strict")
    assert done.status == 1
    assert done.err.endswith("Error: --strict: not shown to hold: T1/heads, T2/near\n")


def test_strict_forgives_documented_limits_but_not_what_is_undecided(rallypoint):
    assert rallypoint("run", "toy", "--out", "out", "--strict").status == 0
    done = rallypoint("run", "toy", "--seeds", 2, "--out", "out", "--strict")
    assert (done.status, "T1/heads, T2/near" in done.err) == (1, True)


def test_an_invalid_run_shows_nothing_and_exits_1(rallypoint, read):
    done = rallypoint("run", "toy", "--cheat", "--out", "out")
    assert done.status == 1
    assert "the run is invalid and shows nothing" in done.err
    assert "the coin was swapped" in done.err
    summary = read("out/summary.json")
    assert summary["valid"] is False
    assert {claim["verdict"] for claim in summary["claims"]} == {"undecided"}


def test_a_run_that_cannot_finish_keeps_what_it_has_and_exits_1(rallypoint, read):
    done = rallypoint("run", "toy", "--stop", "--out", "out")
    assert done.status == 1
    assert done.err.endswith(
        "Error: the coin rolled under the table; what was finished before is in out/\n"
    )
    assert len(read("out/summary.json")["claims"]) == 2
    assert read("out/manifest.json")["status"] == "failed"


def test_a_sweep_that_breaks_off_keeps_its_cells(rallypoint, read):
    assert rallypoint("run", "toy", "--set", "stop=false,true", "--out", "out").status == 1
    assert read("out/stop=false/manifest.json")["status"] == "finished"
    assert read("out/stop=true/manifest.json")["status"] == "failed"
    assert read("out/manifest.json")["status"] == "failed"
    assert len(read("out/summary.json")["claims"]) == 5


def test_a_run_that_breaks_off_says_so_and_lists_no_cell_it_never_began(rallypoint, tmp_path):
    done = rallypoint("run", "toy", "--set", "stop=true,false", "--out", "out")
    assert "The run is incomplete: claims are missing; 1 of 2 cells were not begun." in done.out
    assert "stop=true/" in done.out
    assert "stop=false/" not in done.out
    alone = rallypoint("run", "toy", "--stop", "--out", "alone")
    assert "The run is incomplete: claims are missing.\n" in alone.out
    assert "incomplete" not in rallypoint("run", "toy", "--out", "whole").out


def test_a_report_of_an_earlier_run_does_not_outlive_it(rallypoint, tmp_path):
    rallypoint("run", "toy", "--quick", "--out", "out")
    assert rallypoint("report", "out").status == 0
    assert (tmp_path / "out/report.html").exists()
    rallypoint("run", "toy", "--quick", "--out", "out")
    assert not (tmp_path / "out/report.html").exists()


def test_run_and_report_count_alike(rallypoint):
    counted = "2 of 2 claims hold; 1 of 1 documented limit fails, as documented; "
    assert counted in rallypoint("run", "toy", "--out", "out").out
    assert counted in rallypoint("report", "out").out


def test_quick_promises_a_smaller_budget_only_where_there_is_one(rallypoint, monkeypatch):
    assert "(3), a smaller budget, the same" in rallypoint("run", "toy", "--help").out
    slow = dataclasses.replace(experiments["toy"], quick={})
    monkeypatch.setitem(experiments._parts, "toy", slow)
    assert "(3), the same thresholds" in rallypoint("run", "toy", "--help").out


def test_an_experiment_that_does_not_import_is_listed_and_refused_with_the_reason(
    rallypoint, monkeypatch, tmp_path
):
    reasons = {**experiments.unavailable, "heavy": "No module named 'flux'"}
    monkeypatch.setattr(experiments, "_unavailable", reasons)
    done = rallypoint("run", "heavy", "--seeds", 3)
    assert (done.status, done.err) == (
        1,
        "Error: experiment 'heavy' cannot be run: No module named 'flux'\n",
    )
    assert "heavy" in rallypoint("run", "--help").out
    listed = json.loads(rallypoint("list", "experiments", "--json").out)["experiments"]
    assert {
        "name": "heavy",
        "about": "",
        "available": False,
        "reason": "No module named 'flux'",
    } in listed
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_run_takes_no_folder(rallypoint, monkeypatch, tmp_path):
    lost = dataclasses.replace(experiments["toy"], run="toy_experiment_that_moved:run")
    monkeypatch.setitem(experiments._parts, "toy", lost)
    done = rallypoint("run", "toy", "--out", "out")
    assert (done.status, done.err.count("\n")) == (1, 1)
    assert "experiment 'toy' cannot be run" in done.err
    assert not list(tmp_path.iterdir())
