"""Training and evaluating from the command line."""

import json
import re

import pytest

CRASH = """
format = 1
[[threats]]
kind = "crash"
victims = { fraction = 0.3 }
when = { from = 5 }
"""
SMALL_PPO = ("--agent", "sb3:PPO", "--copies", 4, "--set", "n_steps=50", "--set", "batch_size=500")


@pytest.fixture
def crash(tmp_path):
    path = tmp_path / "crash.toml"
    path.write_text(CRASH)
    return path


def test_tables_are_trained_saved_and_evaluated(rallypoint):
    traced = ("train", "--env", "gathering-v0", "--agent", "traced_q_learning")
    done = rallypoint(*traced, "--steps", 2000, "--out", "run")
    assert done.status == 0, done.err
    assert "episodes: 4" in done.out
    found = json.loads(rallypoint("evaluate", "run", "--episodes", 5, "--json").out)
    assert found["exploring"]["episodes"] == found["greedy"]["episodes"] == 5
    assert found["valid"]


@pytest.mark.parametrize(
    "agent", [("q_learning",), ("gpomdp", "--workers", 2)], ids=lambda words: words[0]
)
def test_a_training_lists_the_files_that_are_there(rallypoint, tmp_path, agent):
    small = ("--env", "matching-game-v0", "--env-set", "max_cycles=5", "--steps", 100)
    done = rallypoint("train", *small, "--agent", *agent, "--out", "run")
    assert done.status == 0, done.err
    listed = json.loads((tmp_path / "run" / "manifest.json").read_text())["files"]
    found = [path for path in (tmp_path / "run").rglob("*") if path.is_file()]
    assert sorted(listed) == sorted(path.relative_to(tmp_path / "run").as_posix() for path in found)
    told = json.loads(rallypoint("evaluate", "run", "--episodes", 3, "--json").out)
    assert told["agent"] == agent[0]


@pytest.mark.parametrize(("least", "enough"), [(0.001, True), (0.9, False)])
def test_numbers_of_what_rests_on_too_little_come_with_that(rallypoint, tmp_path, least, enough):
    often = '[[threats]]\nkind = "interruption"\ntheta = 0.5\npolicy = "uniform"\n'
    (tmp_path / "often.toml").write_text(f"format = 1\n{often}")
    pruned = ("--set", "processing=drop_any", "--set", f"min_kept_share={least}")
    small = ("--env", "matching-game-v0", "--env-set", "max_cycles=5", "--steps", 200)
    words = (*small, "--agent", "q_learning", "--threats", "often.toml", *pruned, "--out", "run")
    assert rallypoint("train", *words).status == 0
    said = rallypoint("evaluate", "run", "--episodes", 3).out
    assert ("not enough data" in said) is not enough
    told = json.loads(rallypoint("evaluate", "run", "--episodes", 3, "--json").out)
    assert told["enough_data"] is enough


@pytest.mark.parametrize(
    ("trigger", "said"),
    [
        (
            'spread = "last"\npoisoned = 20\nof = 1000000',
            r"it took none of its \d\d\d opportunities",
        ),
        ("when = { from = 400 }", "it was never due while somebody it is meant for was there"),
        ("when = { probability = 0.0 }", r"of \d\d\d occasions, coin and budget left it no"),
        ("poisoned = 3\nof = 10", None),
    ],
    ids=["of beyond the training", "later than it lasts", "never by chance", "as it is meant"],
)
def test_a_training_says_what_threats_did_and_of_one_that_touched_nobody_why(
    rallypoint, tmp_path, trigger, said
):
    table = '[[threats]]\nkind = "trigger"\nentries = [0]\nvalues = [4.0]'
    (tmp_path / "trigger.toml").write_text(f"format = 1\n{table}\n{trigger}\n")
    agent = ("--agent", "ppo", "--copies", 2, "--set", "steps=32", "--set", "policy=[4]")
    words = ("--env", "cartpole-v1", *agent, "--steps", 200, "--threats", "trigger.toml")
    done = rallypoint("train", *words, "--out", "run")
    assert done.status == 0, done.err
    told = (
        f"trigger: 0 agent-steps, it touched nobody: {said}"
        if said
        else "trigger: 6 agent-steps of "
    )
    assert re.search(told, done.out)


FOUR_CHANNELS = """
format = 1
[byzantine]
members = ["agent_2"]
[[threats]]
kind = "interruption"
victims = ["agent_0"]
policy = "freeze"
theta = 0.5
[[threats]]
kind = "lossy_sight"
loss = 0.5
[[threats]]
kind = "anti_goal"
victims = "byzantine"
[[threats]]
kind = "sign_flip"
victims = "byzantine"
"""


def test_one_file_is_for_training_and_for_what_comes_after(rallypoint, tmp_path):
    (tmp_path / "all.toml").write_text(FOUR_CHANNELS)
    words = ("train", "--env", "torus-small-v0", "--env-set", "num_agents=3", "--agent", "gpomdp")
    team = ("--contributors", "team", "--byzantine", 1, "--aggregator", "median")
    done = rallypoint(*words, *team, "--steps", 600, "--threats", "all.toml", "--out", "run")
    assert done.status == 0, done.err
    done = rallypoint("evaluate", "run", "--episodes", 4, "--threats", "all.toml")
    assert done.status == 0, done.err
    assert "without sign_flip: nobody learns here, so no updates are sent" in done.out
    told = rallypoint("evaluate", "run", "--episodes", 4, "--threats", "all.toml", "--json").out
    assert json.loads(told)["left_out"] == ["sign_flip"]


def test_what_a_world_hides_and_what_it_costs_is_said_beside_the_return(rallypoint):
    rallypoint("train", "--env", "island-navigation-v0", "--agent", "q_learning",
               "--steps", 20, "--out", "run")  # fmt: skip
    told = json.loads(rallypoint("evaluate", "run", "--episodes", 3, "--json").out)["exploring"]
    assert {"performance_mean", "cost_by_name"} <= told.keys()
    said = rallypoint("evaluate", "run", "--episodes", 3).out
    hidden, cost = told["performance_mean"], told["cost_by_name"]["water"]
    assert f"hidden performance {hidden:.4g}, cost of water {cost:.3g}, length" in said


def test_learners_of_tables_are_trained_where_observations_are_numbers(rallypoint):
    sarsa = ("train", "--env", "safe-interruptibility-v0", "--agent", "sarsa")
    done = rallypoint(*sarsa, "--set", "processing=drop_any", "--steps", 500, "--out", "run")
    assert done.status == 0, done.err
    assert "kept_share: {'agent_0': 1.0}" in done.out
    found = json.loads(rallypoint("evaluate", "run", "--episodes", 3, "--json").out)
    assert found["greedy"]["episodes"] == 3


def test_an_agent_of_sb3_is_trained_under_threats_and_evaluated_without(
    rallypoint, tmp_path, crash
):
    train = ("train", "--env", "torus-small-v0", *SMALL_PPO, "--steps", 2000)
    done = rallypoint(*train, "--threats", crash, "--out", "run")
    assert done.status == 0, done.err
    assert "filler_share: 0.27" in done.out
    receipts = json.loads((tmp_path / "run" / "receipts.json").read_text())
    assert receipts["valid"]
    assert receipts["receipts"]["training"][0]["first_step"] == 5
    unharmed = json.loads(rallypoint("evaluate", "run", "--episodes", 4, "--json").out)
    harmed = json.loads(
        rallypoint("evaluate", "run", "--episodes", 4, "--threats", crash, "--json").out
    )
    assert unharmed["stochastic"]["ended_early_share"] == 0
    assert harmed["stochastic"]["ended_early_share"] == pytest.approx(0.3)


def test_training_again_into_the_same_folder_replaces_what_was_there(rallypoint):
    train = ("train", "--env", "torus-small-v0", *SMALL_PPO, "--steps", 2000, "--out", "run")
    assert rallypoint(*train).status == 0
    again = rallypoint(
        "train", "--env", "gathering-v0", "--agent", "traced_q_learning", *train[-4:]
    )
    assert again.status == 0, again.err
    assert "policy.safetensors" not in again.out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--env", "gatherin-v0", "--agent", "traced_q_learning"), "gathering-v0"),
        (("--env", "gathering-v0", "--agent", "sb3:PPOO"), "sb3:PPO"),
        (("--env", "gathering-v0", "--agent", "circular_mean"), "nothing to train"),
        (("--env", "torus-v0", "--agent", "traced_q_learning"), "torus-v0"),
        (("--env", "gathering-v0", "--agent", "traced_q_learning", "--steps", 0), "steps"),
        (("--env", "gathering-v0", "--agent", "traced_q_learning", "--set", "alpa=1"), "alpha"),
        (("--env", "gathering-v0", "--agent", "traced_q_learning", "--set", "alpha"), "n_steps=32"),
        (("--env", "gathering-v0", "--agent", "traced_q_learning", "--env-set", "cell=9"), "cells"),
        (("--env", "gathering-v0", "--agent", "traced_q_learning", "--seed", -1), "seed"),
        (("--env", "gathering-v0", "--agent", "ppo", "--workers", 0), "--workers"),
    ],
)
def test_what_cannot_be_trained_is_refused_in_one_line_and_leaves_nothing(
    rallypoint, tmp_path, words, says
):
    done = rallypoint("train", *words)
    assert done.status == 2
    assert says in done.err
    assert done.err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_threat_file_that_cannot_be_meant_is_refused_before_anything_is_made(
    rallypoint, tmp_path, crash
):
    crash.write_text(CRASH.replace('"crash"', '"crush"'))
    done = rallypoint("train", "--env", "gathering-v0", "--agent", "sb3:PPO", "--threats", crash)
    assert done.status == 2
    assert "crash" in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["crash.toml"]


def test_a_folder_without_an_agent_is_refused_in_one_line(rallypoint, tmp_path):
    done = rallypoint("evaluate", tmp_path)
    assert done.status == 1
    assert "nothing was trained" in done.err
    assert done.err.count("\n") == 1


def test_a_training_leaves_what_a_user_put_into_its_folder(rallypoint, tmp_path):
    train = ("train", "--env", "gathering-v0", "--agent", "traced_q_learning", "--steps", 2000)
    assert rallypoint(*train, "--out", "run").status == 0
    (tmp_path / "run/notes.txt").write_text("mine")
    assert "notes.txt" not in rallypoint(*train, "--out", "run").out
    assert rallypoint(*train, "--out", "run").status == 0
    assert (tmp_path / "run/notes.txt").read_text() == "mine"


def test_contributors_filter_trajectories_if_they_are_told_to(rallypoint, tmp_path):
    words = ("train", "--env", "cartpole-v1", "--agent", "a2c", "--workers", 2, "--steps", 2000)
    done = rallypoint(*words, "--trajectory-filter", "sever", "--out", "run")
    assert done.status == 0, done.err
    assert "trajectories_left_out: 0.0" in done.out
    rows = [json.loads(line) for line in (tmp_path / "run/metrics.jsonl").read_text().splitlines()]
    assert all(row["trajectories"]["worker_0"] >= 8 for row in rows)  # one in each copy, or more
    refused = rallypoint(*words[:3], *SMALL_PPO, "--trajectory-filter", "sever")
    assert refused.status == 2
    assert "sb3:PPO has no contributors" in refused.err
