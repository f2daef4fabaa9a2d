"""Numbers on the command line that nobody can mean end in one line, and make no folder."""

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
    "no steps of SB3": (*PPO, "--set", "n_steps=0"),
    "steps of SB3 in words": (*PPO, "--set", "n_steps=nan"),
    "half an epoch of SB3": (*PPO, "--set", "n_epochs=1.5"),
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
