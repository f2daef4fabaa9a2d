"""``rallypoint verify`` of a training: rounds and policy come out again."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from rallypoint.agents.gradient.by_name import Team, TeamTraining
from rallypoint.agents.gradient.checkpoints import (
    CHECKPOINT,
    Checkpoint,
    read_blocks,
    read_checkpoint,
    write_checkpoint,
)
from rallypoint.agents.train import Training
from rallypoint.errors import UnreadableFile
from rallypoint.experiments.verify.training import _blocks
from tests.experiments.verify.forging import edited, states
from tests.tree import python

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


def receipts_with(**forged):
    def change(content):
        content["receipts"]["training"][0].update(forged)

    return change


FORGED_DEEDS = {
    "first_step": 7,
    "last_step": 0,
    "chance": 0.9,
    "site": "presence",
    "agents": ["walker_0"],
    "steps": 1,
    "most_steps": 1_000_000,
    "occasions": None,
    "repeats": 2,
}


@pytest.mark.parametrize("agent", ["q_learning", "ppo"])
def test_a_forged_receipt_is_found_without_computing(agent, rallypoint):
    Path("doze.toml").write_text(
        "format = 1\n[[threats]]\nkind = 'noisy_action'\nwhen = { from = 2, every = 3 }\n"
    )
    small = ("--agent", agent, "--steps", 300, "--threats", "doze.toml", "--out", "run")
    done = rallypoint("train", "--env", "gathering-v0", *small)
    assert done.status == 0, done.err
    assert states(rallypoint, "run", "--seconds", 0)["threats"] == "same"
    path = Path("run/receipts.json")
    honest = path.read_text()
    for name, value in FORGED_DEEDS.items():
        edited(path, receipts_with(**{name: value}))
        found = states(rallypoint, "run", "--seconds", 0, status=1)
        assert (found["files"], found["threats"]) == ("same", "differs"), name
        path.write_text(honest)
    edited(path, lambda content: content["receipts"].pop("training"))
    assert states(rallypoint, "run", "--seconds", 0, status=1)["threats"] == "differs"


LENGTHS = {"largest_norm": 1.9, "clipped": 1_000_000}


@pytest.mark.parametrize("more", [(), ("--record",)], ids=["alone", "on record"])
def test_forged_lengths_of_lies_are_found_without_computing_where_they_are_on_record(
    more, rallypoint
):
    Path("liars.toml").write_text(
        "format = 1\n[[threats]]\nkind = 'sign_flip'\nvictims = [0]\nbudget = { norm = 2.0 }\n"
    )
    done = rallypoint(*TRAIN, "--threats", "liars.toml", *more)
    assert done.status == 0, done.err
    what = "recording" if more else "threats"
    assert states(rallypoint, "run", "--seconds", 0)[what] == "same"
    path = Path("run/receipts.json")
    honest = path.read_text()
    for name, value in LENGTHS.items():
        edited(path, receipts_with(**{name: value}))
        is_seen = bool(more) or name == "clipped"
        found = states(rallypoint, "run", "--seconds", 0, status=int(is_seen))
        assert found[what] == ("differs" if is_seen else "same"), name
        path.write_text(honest)
    edited(path, receipts_with(largest_norm=1.9))
    assert states(rallypoint, "run", status=1)["receipts"] == "differs"


def test_whose_world_was_another_than_is_told_verify_names(rallypoint):
    assert rallypoint(*TRAIN, "--record").status == 0

    def of_another_world(row):
        if row["round"] == 2:
            row["lived"]["worker_1"] = "0" * 32

    edited("run/metrics.jsonl", of_another_world)
    done = rallypoint("verify", "run")
    assert done.status == 1
    assert "rounds: round 2.lived.worker_1 was " in done.err
    assert "more" not in done.err


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


def test_what_threats_did_is_found_again_whoever_lived_beside_whom(rallypoint, monkeypatch):
    """Copies that end their episode first are played on, as long as others of their world play."""
    Path("flip.toml").write_text('format = 1\n[[threats]]\nkind = "reward_flip"\n')
    whole = TeamTraining.run
    apart = lambda self, out, **how: whole(self, out, **how | {"blocks": [[0], [1]]})  # noqa: E731
    monkeypatch.setattr(TeamTraining, "run", apart)  # as two actors of a cluster have it
    assert rallypoint(*TRAIN, "--threats", "flip.toml").status == 0
    monkeypatch.setattr(TeamTraining, "run", whole)
    found = states(rallypoint, "run")
    assert (found["rounds"], found["receipts"], found["policy"]) == ("same", "same", "same")


@pytest.mark.parametrize(
    ("block_of", "contributors", "blocks"),
    [
        ([0, 0, 0], "workers", [[0, 1, 2]]),
        ([0, 1, 1], "workers", [[0], [1, 2]]),
        ([0, 2**40, 2**40], "workers", [[0], [1, 2]]),
        ([0, 1, 0], "workers", None),
        ([0, 0], "workers", None),
        ([], "workers", None),
        (None, "workers", None),
        ([0, 0, 0], "team", None),
    ],
)
def test_whoever_lived_beside_whom_is_read_from_any_checkpoint(
    block_of, contributors, blocks, tmp_path
):
    team = Team(contributors=contributors, workers=3)
    training = Training(env="cartpole-v1", agent="gpomdp", steps=1, team=team)
    held = {} if block_of is None else {"delivery/block_of": np.array(block_of, dtype=np.int64)}
    write_checkpoint(tmp_path, Checkpoint(held, [], 0))
    assert _blocks(training, tmp_path) == blocks
    (tmp_path / CHECKPOINT).write_bytes(b"none")
    assert _blocks(training, tmp_path) is None


def test_of_a_checkpoint_nothing_is_read_but_who_lived_beside_whom(tmp_path):
    """Whoever verifies a run reads what somebody made: it may be of any size."""
    training = Training(env="cartpole-v1", agent="gpomdp", steps=1, team=Team(workers=3))
    dealt = {"delivery/block_of": np.array([0, 1, 1])}
    numbers = np.arange(100_000.0)
    write_checkpoint(tmp_path, Checkpoint(dealt | {"server/parameters": numbers}, [], 0))
    path = tmp_path / CHECKPOINT
    content = path.read_bytes()
    spoilt = content.replace(numbers[500:600].tobytes(), b"x" * 800)
    assert spoilt != content
    path.write_bytes(spoilt)  # whoever reads the parameters finds that their sum is another
    with pytest.raises(UnreadableFile):
        read_checkpoint(tmp_path)
    assert _blocks(training, tmp_path) == [[0], [1, 2]]


@pytest.mark.parametrize(
    "dealt", [np.zeros(2 * 10**6, dtype=np.int64), np.zeros((3, 1)), np.ones(3)]
)
def test_who_lived_beside_whom_is_not_read_from_what_cannot_say_it(dealt, tmp_path):
    training = Training(env="cartpole-v1", agent="gpomdp", steps=1, team=Team(workers=3))
    write_checkpoint(tmp_path, Checkpoint({"delivery/block_of": dealt}, [], 0))
    assert _blocks(training, tmp_path) is None
    with pytest.raises(UnreadableFile, match=r"no list of blocks|16,000,"):
        read_blocks(tmp_path)


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
