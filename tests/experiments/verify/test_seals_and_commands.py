"""``rallypoint verify``: seals, commands, and what is run again by chance."""

import json
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from rallypoint.experiments.report.recorded import read_run
from rallypoint.experiments.verify import again
from rallypoint.experiments.verify.command import _as_text
from rallypoint.experiments.verify.findings import Finding
from rallypoint.experiments.verify.meaning import look_at_command
from rallypoint.experiments.verify.record import look_at
from rallypoint.registration import envs, register_env
from rallypoint.seals import seal_of
from tests.experiments.verify.forging import edited, heads_of, states


def test_whatever_a_manifest_says_is_sealed_and_a_seal_that_was_published_binds(rallypoint):
    rallypoint("run", "toy", "--out", "run")
    seal = json.loads(Path("run/manifest.json").read_text())["seal"]
    folded = f"{seal[:57].upper()}\n   {seal[57:]}"  # as it is copied from a narrow terminal
    for given in (seal, folded):
        assert states(rallypoint, "run", "--seconds", 0, "--seal", given)["manifest"] == "same"
    for given in ("", "abc", seal[1:], f"{seal}0", "x" * 64):
        done = rallypoint("verify", "run", "--seal", given)  # before anything is computed
        assert (done.status, done.out) == (2, "")
        assert "a seal is 64 hexadecimal digits" in done.err
    edited("run/manifest.json", lambda c: c["machine"].update(cpu="other"), sealed=False)
    assert states(rallypoint, "run", "--seconds", 0, status=1)["manifest"] == "differs"
    edited("run/metrics.jsonl", heads_of(3, 0.95))  # all of it is sealed anew
    assert states(rallypoint, "run", "--seconds", 0)["manifest"] == "same"
    found = states(rallypoint, "run", "--seconds", 0, "--seal", seal, status=1)
    assert found["manifest"] == "differs"


def without(*names):
    def change(content):
        for name in names:
            content.pop(name)

    return change


def rows_without_digest(content):
    content["files"].remove("metrics.jsonl")
    content["digests"].pop("metrics.jsonl")
    content["seal"] = seal_of(content)


STRIPPED = {
    "the seal": (without("seal"), "manifest"),
    "digests": (lambda c: (c.pop("digests"), c.update(seal=seal_of(c))), "files"),
    "seal and digests": (without("seal", "digests"), "files"),
    "the digest of rows": (rows_without_digest, "files"),
    "all, as if it had not ended": (
        lambda c: (without("seal", "digests")(c), c.update(status="running")),
        "files",
    ),
}


@pytest.mark.parametrize("how", STRIPPED)
def test_what_a_run_writes_when_it_ends_cannot_be_taken_out(how, rallypoint):
    rallypoint("run", "toy", "--out", "run")
    strip, where = STRIPPED[how]
    edited("run/manifest.json", strip, sealed=False)
    found = states(rallypoint, "run", "--seconds", 0, status=1)
    assert found[where] == "differs"


def test_of_a_run_that_was_killed_verify_says_so(rallypoint):
    rallypoint("run", "toy", "--out", "run")
    strip, _ = STRIPPED["all, as if it had not ended"]
    edited("run/manifest.json", strip, sealed=False)
    assert "was killed" in rallypoint("verify", "run", "--seconds", 0).err


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


def test_of_an_experiment_that_is_not_installed_here_files_are_looked_at(
    rallypoint, monkeypatch, tmp_path
):
    rallypoint("run", "toy", "--out", "run")
    monkeypatch.undo()
    found = {each.what: each.state for each in look_at(read_run(tmp_path / "run"))}
    assert found["command"] == "not checked"
    assert {found["files"], found["manifest"]} == {"same"}


def test_a_run_that_is_said_to_be_quick_and_was_not_is_found(rallypoint):
    rallypoint("run", "toy", "--out", "run")
    edited("run/manifest.json", lambda content: content.update(quick=True))
    assert states(rallypoint, "run", "--seconds", 0, status=1)["command"] == "differs"


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


def test_a_part_that_is_not_here_is_named_without_all_that_are():
    config = {"env": "gathering-v0", "agent": "q_learning", "steps": 1}
    manifest = {
        "experiment": "train",
        "command": ["rallypoint", "train", "--env", "gathering-v0", "--agent", "q_learning"],
        "config": config | {"threats": {"threats": [{"kind": "xyzzy"}]}},
        "seeds": [0],
    }
    found = look_at_command(SimpleNamespace(manifest=manifest))
    reason = "not everything is installed here: no threat is called 'xyzzy'"
    assert found == ("command", "not checked", reason)


def test_where_a_part_is_missing_all_that_needs_none_is_looked_at(rallypoint, monkeypatch):
    monkeypatch.setattr(envs, "_parts", {**envs})
    register_env("lab/gathering-v0", "rallypoint.envs.gathering.world:Gathering")
    words = ("--env", "lab/gathering-v0", "--agent", "a2c", "--steps", 32, "--out", "run")
    assert rallypoint("train", *words, "--copies", 2, "--set", "policy=[4]").status == 0
    del envs._parts["lab/gathering-v0"]
    done = rallypoint("verify", "run")
    assert done.status == 1
    assert re.search(r"files +same", done.out)
    assert re.search(r"numbers +not checked +not everything is installed here", done.out)
    assert "run cannot be run again: not everything is installed here" in done.err
    told = {
        each["what"]: each["state"]
        for each in json.loads(rallypoint("verify", "run", "--json").out)["findings"]
    }
    assert (told["files"], told["numbers"]) == ("same", "not checked")
    assert rallypoint("verify", "run", "--seconds", 0).status == 0


def test_what_is_found_is_written_as_it_is():
    told = "gymnasium:PACKAGE:ID, [red]x[/red] and [1, 2]"
    assert told in _as_text([Finding("settings", "same", told)])
