"""Numbers on the command line that nobody can mean end in one line, and make no folder."""

import json
from pathlib import Path

import pytest

HUGE = 10**30
TABLES = ("train", "--env", "gathering-v0", "--agent", "q_learning", "--out", "run")
TEAM = ("train", "--env", "cartpole-v1", "--agent", "gpomdp", "--out", "run")
PPO = ("train", "--env", "cartpole-v1", "--agent", "sb3:PPO", "--steps", 64, "--out", "run")
SPENDS = "[[threats]]\nkind = 'stutter'\nbudget = {{ steps_per_episode = {} }}\n"
COMMANDS = {
    "steps": (*TABLES, "--steps", HUGE),
    "copies": (*TABLES, "--copies", HUGE),
    "copies that fill memory": (*TABLES, "--copies", 10**9),
    "agents": (*TABLES, "--env-set", f"num_agents={HUGE}"),
    "agents that fill memory": (*TABLES, "--env-set", "num_agents=1000000000"),
    "cycles": (*TABLES, "--env-set", f"max_cycles={HUGE}"),
    "seed": (*TABLES, "--seed", HUGE),
    "workers": (*TEAM, "--workers", HUGE),
    "workers that fill memory": (*TEAM, "--workers", 10**9),
    "liars": (*TEAM, "--workers", 4, "--byzantine", HUGE),
    "fewer liars than none": (*TEAM, "--workers", 4, "--byzantine", -1),
    "neurons": (*TEAM, "--set", f"policy=[{HUGE}]"),
    "neurons by neurons": (*TEAM, "--set", f"policy=[{10**12},{10**12}]"),
    "servers": (
        *(*TEAM, "--workers", 8, "--protocol", "replicated_servers"),
        *("--protocol-set", f"servers={HUGE}"),
    ),
    "a threat's steps": (*TABLES, "--threats", "huge.toml"),
    "a threat's steps, looked at": ("threats", "check", "huge.toml", "--env", "gathering-v0"),
    "workers of threats": (
        "threats",
        "check",
        "t.toml",
        "--env",
        "gathering-v0",
        "--workers",
        HUGE,
    ),
    "seeds": ("run", "fair_trust", "--seeds", HUGE, "--out", "run"),
    "seeds that fill memory": ("run", "fair_trust", "--seeds", 10**9, "--out", "run"),
    "the first seed": ("run", "fair_trust", "--seed", HUGE, "--out", "run"),
    "rounds": ("run", "fair_trust", "--set", f"rounds={HUGE}", "--out", "run"),
    "episodes": ("evaluate", ".", "--episodes", HUGE),
    "updates compared": (
        *("assess", "--env", "two-state-v0", "--agent", "q_learning"),
        *("--threats", "t.toml", "--replicates", HUGE),
    ),
    "episodes shown": ("show", "gathering-v0", "--episodes", HUGE, "--out", "a.gif"),
    "copies of a world": (*TABLES, "--env-set", "copies=5"),
    "copies of a world shown": ("show", "gathering-v0", "--env-set", "copies=5", "--out", "a.gif"),
    "lists in lists": (*TABLES, "--set", "alpha=" + "[" * 3000),
    "lists in lists that can be read": (*TABLES, "--env-set", "cells=" + "[" * 900 + "]" * 900),
    "lists in lists of experiments": ("run", "fair_trust", "--set", "rounds=" + "[" * 3000),
    "no steps of SB3": (*PPO, "--set", "n_steps=0"),
    "steps of SB3 in words": (*PPO, "--set", "n_steps=nan"),
    "half an epoch of SB3": (*PPO, "--set", "n_epochs=1.5"),
    "a limit of SB3 in words": (*PPO, "--set", "target_kl=much"),
    "a rate of SB3 in words": (*PPO, "--set", "gamma=much"),
}


@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
def test_numbers_that_nobody_can_mean_are_refused_in_a_line(words, rallypoint):
    Path("t.toml").write_text("format = 1\n" + SPENDS.format(3))
    Path("huge.toml").write_text("format = 1\n" + SPENDS.format(2**63 - 1))
    done = rallypoint(*words)
    assert done.status in (1, 2)
    assert done.err.count("\n") == 1, done.err
    assert done.err.startswith("Error: ")


def test_copies_that_files_take_for_a_setting_of_a_world_are_refused_in_a_line(rallypoint):
    assert rallypoint(*TABLES, "--steps", 100).status == 0
    for name, at in (("agent.json", ()), ("manifest.json", ("config",))):
        content = told = json.loads(Path("run", name).read_text())
        for key in at:
            told = told[key]
        told["env_settings"]["copies"] = 5
        Path("run", name).write_text(json.dumps(content))
        done = rallypoint(*(("verify", "run") if at else ("evaluate", "run", "--episodes", 1)))
        assert (done.status, done.err.count("\n")) == (1, 1)
        assert "copies is no setting of a world" in done.out + done.err
