"""``rallypoint verify``: a run that was left alone verifies, and whatever was changed is found."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from rallypoint.experiments.verify import again
from rallypoint.seals import digests, seal_of
from tests.tree import python


def states(rallypoint, folder, *more, status=0):
    done = rallypoint("verify", folder, "--json", *more)
    assert done.status == status, done.err
    found = json.loads(done.out)
    assert found["verified"] is (status == 0)
    return {each["what"]: each["state"] for each in found["findings"]}


def edited(path, change, *, sealed=True):
    """Change a file of JSON, or its rows, and seal the folder anew, as a careful forger would."""
    path = Path(path)
    if path.suffix == ".jsonl":
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        kept = [row for row in rows if change(row) is not False]
        path.write_text("".join(json.dumps(row) + "\n" for row in kept))
    else:
        content = json.loads(path.read_text())
        change(content)
        path.write_text(json.dumps(content))
    if sealed:
        manifest = json.loads((path.parent / "manifest.json").read_text())
        manifest["digests"] = digests(path.parent, manifest["files"])
        manifest["seal"] = seal_of(manifest)
        (path.parent / "manifest.json").write_text(json.dumps(manifest))


def test_a_run_that_was_left_alone_is_the_same_in_everything(rallypoint):
    rallypoint("run", "toy", "--out", "run")
    found = states(rallypoint, "run")
    assert set(found) == {
        *("manifest", "files", "command", "settings", "seeds", "verdicts"),
        *("rows", "claims", "metrics", "receipts", "plots"),
    }
    assert set(found.values()) == {"same"}


def heads_of(seed, value):
    def change(row):
        if row["seed"] == seed:
            row["heads"] = value

    return change


def measured(content):
    content["claims"][0]["measured"] += 0.001


def all_seeds_but_one(content):
    content["seeds"] = content["seeds"][:-1]


FORGED = {
    "a number of a row": ("metrics.jsonl", heads_of(3, 0.95), "rows"),
    "a seed's rows": ("metrics.jsonl", lambda row: row["seed"] != 4, "seeds"),
    "what a claim measured": ("summary.json", measured, "claims"),
    "a verdict": (
        "summary.json",
        lambda c: c["claims"][1].update(verdict="holds", holds=True),
        "verdicts",
    ),
    "the seeds of the summary": ("summary.json", all_seeds_but_one, "settings"),
    "a setting of the summary": ("summary.json", lambda c: c["config"].update(bias=1), "settings"),
    "a metric": ("summary.json", lambda c: c["metrics"].update(sides=[1]), "metrics"),
    "a receipt": (
        "receipts.json",
        lambda c: c["receipts"]["T1/heads"][0].update(throws=7),
        "receipts",
    ),
}


@pytest.mark.parametrize(("file", "change", "where"), FORGED.values(), ids=FORGED)
def test_what_was_edited_is_found_even_if_the_folder_was_sealed_anew(
    file, change, where, rallypoint
):
    rallypoint("run", "toy", "--out", "run")
    edited(f"run/{file}", change)
    assert states(rallypoint, "run", status=1)[where] == "differs"


def test_a_plot_that_was_exchanged_and_sealed_anew_is_found(rallypoint):
    rallypoint("run", "toy", "--out", "run")
    Path("run/plots/heads.txt").write_text("tails\n")
    edited("run/summary.json", lambda content: None)
    assert states(rallypoint, "run", status=1)["plots"] == "differs"
    edited("run/manifest.json", lambda c: c["versions"].update(numpy="0.1"))
    assert states(rallypoint, "run")["plots"] == "not checked"


def test_what_was_edited_and_not_sealed_anew_is_found_without_computing(rallypoint):
    rallypoint("run", "toy", "--out", "run")
    edited("run/metrics.jsonl", heads_of(3, 0.95), sealed=False)
    Path("run/plots/heads.txt").unlink()
    done = rallypoint("verify", "run", "--seconds", 0)
    assert done.status == 1
    assert "metrics.jsonl was changed after the run (and 1 more)" in done.err
    assert done.err.count("\n") == 1
    assert "nothing was computed" in done.out


def test_settings_that_were_changed_everywhere_come_out_otherwise(rallypoint):
    rallypoint("run", "toy", "--out", "run")
    for name in ("summary.json", "manifest.json"):
        edited(f"run/{name}", lambda content: content["config"].update(bias=0.91))
    assert states(rallypoint, "run", status=1)["rows"] == "differs"


def test_a_seed_alone_is_compared_with_its_own_rows(rallypoint):
    rallypoint("run", "toy", "--out", "run")
    edited("run/metrics.jsonl", heads_of(3, 0.95))
    of_another = states(rallypoint, "run", "--seed", 1)
    assert (of_another["rows"], of_another["claims"]) == ("same", "not checked")
    assert states(rallypoint, "run", "--seed", 3, status=1)["rows"] == "differs"
    done = rallypoint("verify", "run", "--seed", 9)
    assert (done.status, "seeds 0–4, not 9" in done.err) == (1, True)


def test_numbers_may_differ_by_the_tolerance_and_no_more(rallypoint):
    rallypoint("run", "toy", "--out", "run")
    edited("run/metrics.jsonl", lambda row: row.update(heads=row["heads"] * (1 + 1e-7)))
    assert states(rallypoint, "run", status=1)["rows"] == "differs"
    assert states(rallypoint, "run", "--tolerance", 1e-6)["rows"] == "same"


def test_of_a_run_that_broke_off_what_is_there_is_compared(rallypoint):
    rallypoint("run", "toy", "--stop", "--out", "run")
    edited(
        "run/manifest.json",
        lambda c: c["config"].update(stop=False) or c["command"].remove("--stop"),
    )
    edited("run/summary.json", lambda content: content["config"].update(stop=False))
    found = states(rallypoint, "run")
    assert (found["rows"], found["claims"], found["seeds"]) == ("same", "same", "not checked")


def test_a_sweep_is_looked_at_whole_and_its_cheapest_cell_run_again(rallypoint):
    rallypoint("run", "toy", "--throws", "100,300", "--out", "run")
    edited("run/throws=100/manifest.json", lambda content: content.update(wall_seconds=9))
    edited("run/manifest.json", lambda content: content.pop("seals"))
    found = states(rallypoint, "run", "--seconds", 2)
    assert found["throws=300: rows"] == "same"
    assert "throws=100: rows" not in found
    assert found["not run again"] == "not checked"
    found = states(rallypoint, "run", "--all")
    assert found["throws=300: rows"] == found["throws=100: rows"] == "same"
    assert "not run again" not in found
    edited("run/throws=100/metrics.jsonl", heads_of(0, 0), sealed=False)
    assert states(rallypoint, "run", status=1)["throws=100: files"] == "differs"


def test_a_cell_that_was_changed_with_its_seal_is_found_by_that_of_the_sweep(rallypoint):
    rallypoint("run", "toy", "--throws", "100,300", "--out", "run")
    assert states(rallypoint, "run", "--seconds", 0)["cells"] == "same"
    edited("run/throws=100/manifest.json", lambda content: content.update(wall_seconds=9))
    found = states(rallypoint, "run", "--seconds", 0, status=1)
    assert found["throws=100: manifest"] == "same"
    assert found["cells"] == "differs"


def test_whatever_a_manifest_says_is_sealed_and_a_seal_that_was_published_binds(rallypoint):
    rallypoint("run", "toy", "--out", "run")
    seal = json.loads(Path("run/manifest.json").read_text())["seal"]
    assert states(rallypoint, "run", "--seconds", 0, "--seal", seal)["manifest"] == "same"
    edited("run/manifest.json", lambda c: c["machine"].update(cpu="other"), sealed=False)
    assert states(rallypoint, "run", "--seconds", 0, status=1)["manifest"] == "differs"
    edited("run/metrics.jsonl", heads_of(3, 0.95))  # all of it is sealed anew
    assert states(rallypoint, "run", "--seconds", 0)["manifest"] == "same"
    found = states(rallypoint, "run", "--seconds", 0, "--seal", seal, status=1)
    assert found["manifest"] == "differs"
    edited("run/manifest.json", lambda content: content.pop("seal"), sealed=False)
    assert states(rallypoint, "run", "--seconds", 0)["manifest"] == "not checked"
    found = states(rallypoint, "run", "--seconds", 0, "--seal", seal, status=1)
    assert found["manifest"] == "differs"


COMMANDS = {
    "another setting": lambda words: [*words, "--bias", "0.7"],
    "other seeds": lambda words: [*words, "--seeds", "7"],
    "another first seed": lambda words: [*words, "--seed", "1"],
    "quick": lambda words: [*words, "--quick"],
    "a sweep": lambda words: [*words, "--throws", "100,300"],
    "another experiment": lambda words: [words[0], "run", "gathering"],
    "none that can be meant": lambda words: [*words, "--bais", "0.7"],
    "a call for help": lambda words: [*words, "--help"],
}


@pytest.mark.parametrize("change", COMMANDS.values(), ids=COMMANDS)
def test_a_command_that_means_another_run_is_found_even_sealed_anew(change, rallypoint):
    rallypoint("run", "toy", "--out", "run")
    edited("run/manifest.json", lambda c: c.update(command=change(c["command"])))
    found = states(rallypoint, "run", "--seconds", 0, status=1)
    assert (found["manifest"], found["command"]) == ("same", "differs")


def test_a_command_in_other_words_means_the_same_and_one_that_is_none_says_nothing(rallypoint):
    rallypoint("run", "--seeds", 3, "toy", "--set", "throws=100,300", "--quick", "--out", "run")
    assert states(rallypoint, "run", "--seconds", 0)["command"] == "same"
    assert states(rallypoint, "run/throws=300", "--seconds", 0)["command"] == "same"
    alone = ["python -m rallypoint.experiments.toy", "--quick", "--seeds=3", "--throws=100,300"]
    edited("run/manifest.json", lambda content: content.update(command=alone))
    assert states(rallypoint, "run", "--seconds", 0)["command"] == "same"
    for words in ([], ["other", "run", "toy"], ["rallypoint", "report"]):
        edited("run/manifest.json", lambda content, words=words: content.update(command=words))
        assert states(rallypoint, "run", "--seconds", 0)["command"] == "not checked"


class Chance:
    """Draws as the one of verify does, and tells what."""

    def __init__(self, number):
        self.rng, self.drawn = np.random.default_rng(number), []

    def sample(self, among, count):
        self.drawn = [among[place] for place in self.rng.permutation(len(among))[:count]]
        return self.drawn


def test_which_seeds_are_run_again_nobody_knows_before_and_the_others_are_named(
    rallypoint, monkeypatch
):
    rallypoint("run", "toy", "--out", "run")
    edited("run/metrics.jsonl", heads_of(3, 0.95))
    edited("run/summary.json", lambda content: content.update(wall_seconds=50.0))
    outcomes = []
    for chance in map(Chance, range(25)):
        monkeypatch.setattr(again, "_CHANCE", chance)
        done = rallypoint("verify", "run", "--seconds", 21, "--json")
        told = {each["what"]: each for each in json.loads(done.out)["findings"]}
        assert told["not run again"]["state"] == "not checked"
        missed = 3 not in chance.drawn
        assert told["rows"]["state"] == ("same" if missed else "differs")
        outcomes.append(missed)
    assert 5 <= sum(outcomes) <= 22  # three of five seeds are left out each time
    assert states(rallypoint, "run", "--all", status=1)["rows"] == "differs"
    assert rallypoint("verify", "run", "--all", "--seed", 1).status == 2


FORGED_SWEEPS = {
    "a row": ("metrics.jsonl", heads_of(1, 0.5)),
    "a claim": ("summary.json", measured),
    "a metric": ("summary.json", lambda c: c["metrics"].update({"sides/throws=100": [3]})),
    "a receipt": (
        "receipts.json",
        lambda c: c["receipts"]["T1/heads/throws=100"][0].update(throws=7),
    ),
    "the list of cells": ("manifest.json", lambda c: c["cells"].pop()),
}


@pytest.mark.parametrize(("file", "change"), FORGED_SWEEPS.values(), ids=FORGED_SWEEPS)
def test_a_sweep_that_tells_otherwise_than_its_cells_is_found(file, change, rallypoint):
    rallypoint("run", "toy", "--throws", "100,300", "--out", "run")
    assert states(rallypoint, "run", "--seconds", 0)["cells"] == "same"
    edited(f"run/{file}", change)
    assert states(rallypoint, "run", "--seconds", 0, status=1)["cells"] == "differs"


def test_a_cell_that_was_taken_away_is_missed_unless_it_was_never_reached(rallypoint):
    rallypoint("run", "toy", "--throws", "100,300", "--out", "run")
    shutil.rmtree("run/throws=300")
    done = rallypoint("verify", "run", "--seconds", 0)
    assert "cells: throws=300 is missing" in done.err
    rallypoint("run", "toy", "--throws", "100,300", "--stop", "--out", "broken")
    assert states(rallypoint, "broken", "--seconds", 0)["cells"] == "not checked"


TRAIN = (
    *("train", "--env", "cartpole-v1", "--agent", "gpomdp", "--steps", 3000, "--workers", 2),
    *("--set", "policy=[4]", "--out", "run"),
)


def test_a_training_comes_out_with_the_same_bits(rallypoint):
    assert rallypoint(*TRAIN).status == 0
    found = states(rallypoint, "run")
    assert (found["rounds"], found["metrics"], found["policy"]) == ("same", "same", "same")
    assert found["command"] == found["manifest"] == "same"
    for more in (["--steps", "4000"], ["--seed", "1"], ["--set", "policy=[5]"], ["--threats", "x"]):
        words = json.loads(Path("run/manifest.json").read_text())["command"]
        edited("run/manifest.json", lambda c, w=words, m=more: c.update(command=[*w, *m]))
        assert states(rallypoint, "run", "--seconds", 0, status=1)["command"] == "differs"
        edited("run/manifest.json", lambda c, w=words: c.update(command=w))
    edited("run/metrics.jsonl", lambda row: row.update(believed={"worker_0": 1, "worker_1": 0}))
    assert states(rallypoint, "run", status=1)["rounds"] == "differs"


FORGED_TEAMS = {
    "tables of a team": (
        "policy",
        lambda: shutil.copy("run/tables.safetensors", "run/teams/1/tables.safetensors"),
    ),
    "what the agent is": (
        "policy",
        lambda: edited("run/agent.json", lambda c: c.update(test_epsilon=0.5), sealed=False),
    ),
    "a receipt": (
        "receipts",
        lambda: edited(
            "run/receipts.json", lambda c: c["receipts"]["training"][0].update(episodes=7)
        ),
    ),
}


@pytest.mark.parametrize(("where", "forge"), FORGED_TEAMS.values(), ids=FORGED_TEAMS)
def test_whatever_a_training_left_is_made_again(where, forge, rallypoint):
    Path("stutter.toml").write_text("format = 1\n[[threats]]\nkind = 'stutter'\n")
    small = ("--agent", "q_learning", "--steps", 200, "--copies", 2, "--threats", "stutter.toml")
    done = rallypoint("train", "--env", "gathering-v0", *small, "--out", "run")
    assert done.status == 0, done.err
    assert states(rallypoint, "run")[where] == "same"
    forge()
    edited("run/summary.json", lambda content: None)  # seals
    assert states(rallypoint, "run", status=1)[where] == "differs"


def test_so_does_one_of_an_agent_of_sb3(rallypoint):
    words = ("--set", "n_steps=20", "--set", "batch_size=40", "--steps", 80, "--copies", 2)
    done = rallypoint("train", "--env", "cartpole-v1", "--agent", "sb3:PPO", *words, "--out", "run")
    assert done.status == 0, done.err
    found = states(rallypoint, "run")
    assert (found["rounds"], found["metrics"], found["policy"]) == ("same", "same", "same")
    edited("run/metrics.jsonl", lambda row: row.update({"rollout/ep_len_mean": 9.0}))
    assert states(rallypoint, "run", status=1)["rounds"] == "differs"


def test_a_training_is_left_when_its_time_is_over(rallypoint):
    assert rallypoint(*TRAIN).status == 0
    found = states(rallypoint, "run", "--seconds", 1e-6)
    assert (found["rounds"], found["policy"]) == ("same", "not checked")


def test_what_is_no_run_is_refused_in_one_line(rallypoint):
    Path("empty").mkdir()
    done = rallypoint("verify", "empty")
    assert (done.status, done.err.count("\n")) == (1, 1)
    assert "manifest.json" in done.err


def test_a_manifest_that_lists_files_elsewhere_reads_none_of_them(rallypoint):
    rallypoint("run", "toy", "--out", "run")
    edited("run/manifest.json", lambda c: c["digests"].update({"../secret": "0"}), sealed=False)
    assert states(rallypoint, "run", status=1)["files"] == "differs"


def test_what_came_with_real_delays_is_played_again_from_its_record(tmp_path):
    words = (
        *("train", "--env", "cartpole-v1", "--agent", "gpomdp", "--steps", "3000"),
        *("--workers", "4", "--byzantine", "1", "--protocol", "kardam", "--set", "policy=[4]"),
        *("--protocol-set", "delays=real", "--ray", "local", "--out", "run"),
    )
    python("-m", "rallypoint", *words, cwd=tmp_path)
    told = python("-m", "rallypoint", "verify", "run", "--json", cwd=tmp_path)
    found = {each["what"]: each["state"] for each in json.loads(told)["findings"]}
    assert (found["rounds"], found["metrics"], found["policy"]) == ("same", "same", "same")
