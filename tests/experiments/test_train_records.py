"""Training and evaluating on record."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from rallypoint.safety.recording_files import read_recordings
from rallypoint.safety.updates.leash import UpdateLeash

CRASH_AND_STOP = """
[[threats]]
kind = "crash"
victims = { fraction = 0.3 }
when = { from = 5 }
mode = "frozen"

[[threats]]
kind = "interruption"
theta = 0.2
"""


@pytest.fixture
def threats(tmp_path):
    path = tmp_path / "threats.toml"
    path.write_text(CRASH_AND_STOP)
    return path


def test_training_on_record_writes_what_happened_and_what_receipts_say(
    rallypoint, tmp_path, threats
):
    train = ("train", "--env", "gathering-v0", "--agent", "q_learning", "--steps", 2000)
    done = rallypoint(*train, "--threats", threats, "--record", "--out", "run")
    assert done.status == 0, done.err
    recordings = list(read_recordings(tmp_path / "run" / "recording"))
    assert sum(part.began.sum() for part in recordings) == 4
    told = json.loads((tmp_path / "run" / "receipts.json").read_text())
    assert told["valid"]
    crash, stop = told["receipts"]["training"]
    assert sum(part.interrupted.sum() for part in recordings) == sum(stop["applications"].values())
    assert sum(crash["applications"].values()) == 3 * 4


def test_the_recording_of_another_world_and_what_is_no_file_are_refused(
    rallypoint, tmp_path, threats
):
    train = ("train", "--env", "gathering-v0", "--agent", "q_learning", "--steps", 500)
    more = ("--threats", threats, "--record", "--out")
    assert rallypoint(*train, *more, "run").status == 0
    assert states(rallypoint("verify", "run", "--seconds", 0, "--json"))["recording"] == "same"
    assert rallypoint(*train, "--env-set", "num_agents=4", *more, "other").status == 0
    part = tmp_path / "run" / "recording" / "part-00000.npz"
    part.write_bytes((tmp_path / "other" / "recording" / part.name).read_bytes())
    done = rallypoint("verify", "run", "--seconds", 0)
    assert done.status == 1
    assert "agents of the recording are not" in " ".join(done.out.split())
    part.unlink()
    os.mkfifo(part)  # which nobody ever writes to
    done = rallypoint("verify", "run", "--seconds", 0)
    assert done.status == 1
    assert "is no plain file" in " ".join(done.out.split())


def test_of_a_kind_that_is_not_installed_here_no_recording_is_looked_at(rallypoint, threats):
    train = ("train", "--env", "gathering-v0", "--agent", "q_learning", "--steps", 200)
    assert rallypoint(*train, "--threats", threats, "--record", "--out", "run").status == 0
    path = threats.parent / "run" / "manifest.json"
    path.write_text(path.read_text().replace('"kind": "crash"', '"kind": "crash_of_theirs"'))
    found = states(rallypoint("verify", "run", "--seconds", 0, "--json"))
    assert found["recording"] == found["command"] == "not checked"


def test_names_in_a_receipt_that_nobody_bears_are_no_package_that_is_missing(rallypoint, threats):
    small = ("--agent", "q_learning", "--steps", 200, "--threats", threats, "--record")
    assert rallypoint("train", "--env", "gathering-v0", *small, "--out", "run").status == 0
    told = json.loads(Path("run/receipts.json").read_text())
    told["receipts"]["training"][0]["meant"] = ["nobody"]
    Path("run/receipts.json").write_text(json.dumps(told))
    done = rallypoint("verify", "run", "--seconds", 0, "--json")
    assert (done.status, states(done)["recording"]) == (1, "differs")


def test_evaluating_on_record_leaves_the_numbers_as_they_were(rallypoint, tmp_path, threats):
    train = ("train", "--env", "gathering-v0", "--agent", "q_learning", "--steps", 2000)
    assert rallypoint(*train, "--out", "run").status == 0
    evaluate = ("evaluate", "run", "--episodes", 5, "--threats", threats, "--json")
    plain = rallypoint(*evaluate)
    recorded = rallypoint(*evaluate, "--record", "seen")
    assert plain.status == 0
    assert json.loads(recorded.out) == json.loads(plain.out)
    parts = list(read_recordings(tmp_path / "seen"))
    assert sum(part.num_steps for part in parts) == 2 * 65  # once by draws, once greedily


LIARS = """
[byzantine]
count = 1

[[threats]]
kind = "sign_flip"
when = { every = 2 }

[[threats]]
kind = "random_action"
victims = "byzantine"
"""
TEAM = (
    *("train", "--env", "cartpole-v1", "--agent", "gpomdp", "--steps", 3000, "--workers", 4),
    *("--set", "policy=[4]", "--threats", "liars.toml", "--record", "--out", "run"),
)


def states(done):
    return {each["what"]: each["state"] for each in json.loads(done.out)["findings"]}


def test_a_training_by_contributors_on_record_is_audited_and_comes_out_again(rallypoint, tmp_path):
    (tmp_path / "liars.toml").write_text(LIARS)
    assert rallypoint(*TEAM).status == 0
    found = states(rallypoint("verify", "run", "--json"))
    assert found["recording"] == found["recording again"] == "same"
    assert rallypoint("report", "run").status == 0
    page = (tmp_path / "run" / "report.html").read_text()
    assert "agrees with its threat model, and with what was recorded, in 1 condition" in page
    # What a run leaves that broke off is no part of the next one's recording.
    leftover = tmp_path / "run" / "recording" / "updates" / "part-00007.npz"
    leftover.write_bytes(b"of a longer one")
    assert rallypoint(*TEAM).status == 0
    assert not leftover.exists()
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert "recording/updates/part-00000.npz" in manifest["digests"]
    # A receipt that says less, and a recording that says otherwise.
    path = tmp_path / "run" / "receipts.json"
    told = json.loads(path.read_text())
    told["receipts"]["training"][1]["occasions"] -= 1  # after those of worlds
    path.write_text(json.dumps(told))
    done = rallypoint("verify", "run", "--seconds", 0, "--json")
    assert (done.status, states(done)["recording"]) == (1, "differs")
    part = tmp_path / "run" / "recording" / "updates" / "part-00000.npz"
    part.write_bytes(part.read_bytes()[:-40])
    done = rallypoint("verify", "run", "--seconds", 0)
    assert done.status == 1
    assert "part-00000.npz" in done.out


def test_a_training_whose_liars_take_more_than_they_declare_is_invalid(
    rallypoint, tmp_path, monkeypatch
):
    lie = UpdateLeash.lie

    def more(self, updates, now):
        after, receipt = lie(self, updates, now)
        return np.where(np.arange(len(after))[:, None] == 0, -after, after), receipt

    (tmp_path / "liars.toml").write_text(LIARS)
    monkeypatch.setattr(UpdateLeash, "lie", more)
    done = rallypoint(*TEAM)
    assert done.status == 1
    told = json.loads((tmp_path / "run" / "receipts.json").read_text())["disagreements"]
    assert any("out of turn, the first of worker_0 in round" in one for one in told)
    assert json.loads((tmp_path / "run" / "summary.json").read_text())["valid"] is False
    assert rallypoint("report", "run").status == 0
    page = (tmp_path / "run" / "report.html").read_text()
    assert "Invalid run: it shows nothing" in page
    assert "out of turn" in page
    assert rallypoint("verify", "run", "--seconds", 0).status == 1


def test_a_run_whose_receipts_the_recording_belies_is_invalid(rallypoint, threats, monkeypatch):
    from rallypoint.safety import recorder

    nothing = recorder.Recount(*({} for _ in recorder.Recount._fields))
    monkeypatch.setattr(recorder, "recount", lambda part: nothing)
    train = ("train", "--env", "gathering-v0", "--agent", "q_learning", "--steps", 2000)
    done = rallypoint(*train, "--threats", threats, "--record", "--out", "run")
    assert done.status == 1
    assert "0 in the recording" in done.err


@pytest.mark.parametrize(
    ("threat", "says"),
    [
        ('policy = { folder = "nowhere" }', "nothing was trained into it"),
        ('initiation = { log = "nowhere" }', "cannot read the log nowhere"),
        ('initiation = { region = "I" }', "needs regions"),
    ],
)
def test_threats_that_cannot_be_meant_are_usage_errors(rallypoint, tmp_path, threats, threat, says):
    threats.write_text(f'[[threats]]\nkind = "interruption"\n{threat}\n')
    train = ("train", "--env", "gathering-v0", "--agent", "q_learning", "--threats", threats)
    done = rallypoint(*train)
    assert done.status == 2
    assert says in done.err
    assert done.err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["threats.toml"]
