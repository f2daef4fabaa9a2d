"""Trainings by contributors: killed at any moment, they go on to the same bits."""

import json
import re
import signal
import subprocess
import sys
import time

import pytest

from rallypoint.agents.gradient.checkpoints import CHECKPOINT, read_checkpoint
from rallypoint.errors import UnreadableFile
from rallypoint.run_folder import RunFolder

THREATS = """
format = 1
[byzantine]
count = 2
[[threats]]
kind = "gaussian"
victims = "byzantine"
"""
RALLYPOINT = [sys.executable, "-m", "rallypoint"]


def words(folder, out, *more):
    (folder / "liars.toml").write_text(THREATS)
    return [
        *("train", "--env", "cartpole-v1", "--agent", "gpomdp", "--steps", "60000"),
        *("--workers", "5", "--byzantine", "2", "--aggregator", "bucketing(size=1)+trimmed_mean"),
        *("--threats", str(folder / "liars.toml"), "--set", "policy=[8]", "--set", "momentum=0.5"),
        *("--set", "learning_rate=0.01", "--record", "--out", str(folder / out), *more),
    ]


def test_killed_at_any_moment_it_goes_on_to_the_same_bits(rallypoint, tmp_path):
    assert rallypoint(*words(tmp_path, "whole")).status == 0
    command = [sys.executable, "-m", "rallypoint", *words(tmp_path, "killed")]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not (tmp_path / "killed" / CHECKPOINT).is_file() and time.monotonic() < deadline:
        time.sleep(0.01)
    running.send_signal(signal.SIGKILL)
    running.wait()
    assert not (tmp_path / "killed" / "policy.safetensors").is_file()
    done = rallypoint("train", "--resume", tmp_path / "killed")
    assert done.status == 0, done.err
    parts = [path.relative_to(tmp_path / "whole") for path in tmp_path.glob("whole/recording/*/*")]
    assert parts
    for name in ("policy.safetensors", "metrics.jsonl", *parts):
        whole, killed = ((tmp_path / run / name).read_bytes() for run in ("whole", "killed"))
        assert whole == killed, name
    metrics = [
        json.loads((tmp_path / run / "summary.json").read_text())["metrics"]
        for run in ("whole", "killed")
    ]
    assert metrics[0] == metrics[1]
    told = json.loads((tmp_path / "killed" / "manifest.json").read_text())
    assert {str(part) for part in parts} <= told["digests"].keys()
    assert rallypoint("verify", tmp_path / "killed", "--seconds", 0).status == 0


def test_one_that_left_no_checkpoint_begins_anew_and_others_are_refused(rallypoint, tmp_path):
    done = rallypoint(*words(tmp_path, "run", "--steps", 200))
    assert CHECKPOINT in done.out
    (tmp_path / "run" / CHECKPOINT).unlink()
    (tmp_path / "run" / "policy.safetensors").unlink()
    assert rallypoint("train", "--resume", tmp_path / "run").status == 0
    assert (tmp_path / "run" / "policy.safetensors").is_file()
    (tmp_path / "empty").mkdir()
    done = rallypoint("train", "--resume", tmp_path / "empty")
    assert done.status == 2
    assert "manifest" in done.err


@pytest.mark.parametrize("words", [["train", "--resume"], ["verify"], ["report"]])
def test_a_folder_without_a_run_is_told_from_one_with_runs_inside(rallypoint, tmp_path, words):
    (tmp_path / "empty").mkdir()
    done = rallypoint(*words, tmp_path / "empty")
    assert done.status == 2
    assert "empty holds no run (no manifest.json); give folders that `rallypoint run`" in done.err
    RunFolder(tmp_path / "all" / "one", experiment="toy", config={}, seeds=[0]).close("finished")
    done = rallypoint(*words, tmp_path / "all")
    assert done.status == 2
    assert f"all holds no run; give its folders: {tmp_path / 'all' / 'one'}" in done.err


def test_one_that_another_version_began_is_refused(rallypoint, tmp_path):
    rallypoint(*words(tmp_path, "run", "--steps", 200))
    path = tmp_path / "run" / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 99}))
    done = rallypoint("train", "--resume", tmp_path / "run")
    assert done.status == 2
    assert "has format 99, and this version of rallypoint reads" in done.err


@pytest.mark.parametrize(("then", "now"), [("0", "1"), ("1", "0")])
def test_one_whose_updates_were_multiplied_otherwise_is_refused(
    rallypoint, tmp_path, monkeypatch, then, now
):
    monkeypatch.setenv("RALLYPOINT_FAST", then)
    assert rallypoint(*words(tmp_path, "run", "--steps", 200)).status == 0
    monkeypatch.setenv("RALLYPOINT_FAST", now)
    done = rallypoint("train", "--resume", tmp_path / "run")
    assert done.status == 2
    assert (
        f"the training began {'with' if then == '1' else 'without'} RALLYPOINT_FAST=1" in done.err
    )
    (tmp_path / "run" / CHECKPOINT).unlink()  # then nothing is there to be mixed with
    assert rallypoint("train", "--resume", tmp_path / "run").status == 0


def test_what_one_was_started_with_is_told_however_often_it_goes_on(rallypoint, tmp_path):
    began = words(tmp_path, "run", "--steps", 200)
    assert rallypoint(*began).status == 0
    resume = ["train", "--resume", str(tmp_path / "run")]
    for _ in range(2):
        assert rallypoint(*resume).status == 0
    told = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert told["command"] == ["rallypoint", *map(str, began)]
    assert told["resumes"] == [["rallypoint", *resume]] * 2
    done = rallypoint("verify", tmp_path / "run", "--seconds", 0)
    assert done.status == 0
    assert re.search(r"command +same", done.out)


@pytest.mark.parametrize(
    ("more", "named"),
    [
        (["--steps", "90000"], "--steps"),
        (["--seed", "0"], "--seed"),
        (["--out", "elsewhere", "--set", "policy=[4]"], "--set, --out"),
    ],
)
def test_one_that_goes_on_is_no_other_one(rallypoint, tmp_path, more, named):
    rallypoint(*words(tmp_path, "run", "--steps", 200))
    before = (tmp_path / "run" / "manifest.json").read_bytes()
    done = rallypoint("train", "--resume", tmp_path / "run", *more)
    assert done.status == 2
    assert f"leave out {named}," in done.err
    assert (tmp_path / "run" / "manifest.json").read_bytes() == before


def test_returns_of_rounds_in_which_no_episode_ended_are_none(rallypoint, tmp_path):
    few = ("--set", "steps=4", "--steps", "32", "--copies", "4")
    done = rallypoint(
        "train", "--env", "cartpole-v1", "--agent", "a2c", *few, "--out", tmp_path / "run"
    )
    assert "\nreturn: none\n" in done.out


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 torn"])
def test_a_torn_checkpoint_is_refused(tmp_path, content):
    (tmp_path / CHECKPOINT).write_bytes(content)
    with pytest.raises(UnreadableFile, match=CHECKPOINT):
        read_checkpoint(tmp_path)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--agent", "ppo", "--workers", "4", "--byzantine", "2", "--aggregator", "krum"], "n >= "),
        (["--agent", "ppo", "--workers", "3", "--copies", "4"], "multiple of 3"),
        (["--agent", "ppo", "--contributors", "team", "--workers", "3"], "no --workers"),
        (["--agent", "sb3:PPO", "--workers", "3"], "learns by itself"),
        (["--agent", "ppo", "--aggregator", "krun"], "krum"),
        (["--agent", "ppo", "--set", "clipp=1"], "clip"),
        (["--agent", "ppo", "--set", "beta1=0.5", "--set", "momentum=0.9"], "inertia twice"),
        (["--agent", "ppo", "--record-vectors"], "say record"),
        (["--agent", "sb3:PPO", "--record", "--record-vectors"], "sends no updates"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_the_first_step(rallypoint, tmp_path, more, says):
    out = tmp_path / "never"
    done = rallypoint("train", "--env", "cartpole-v1", "--out", out, *more)
    assert done.status == 2
    assert says in done.err
    assert len(done.err.strip().splitlines()) == 1
    assert not out.exists()
