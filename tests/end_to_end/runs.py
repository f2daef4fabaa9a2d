"""The runs that are looked at: one threat file, three ways to learn under it, and one page."""

import contextlib
import io

import pytest

from rallypoint.experiments import cli

WORLD = "torus-small-v0"
SETTINGS = {"num_agents": 4, "max_cycles": 12}
AGENTS = tuple(f"agent_{place}" for place in range(4))
THREATS = "threats.toml"

_FILE = """
format = 1

[byzantine]
members = ["agent_3"]

[[threats]]                    # people hold one back, half of the time
kind = "interruption"
victims = ["agent_0"]
theta = 0.5
policy = "freeze"

[[threats]]                    # all miss some of the others
kind = "lossy_sight"
loss = 0.3

[[threats]]                    # one runs away from the team
kind = "anti_goal"
victims = "byzantine"

[[threats]]                    # and sends the opposite of what it learned
kind = "sign_flip"
victims = "byzantine"
"""
_IN = (
    *("--env", WORLD, "--threats", THREATS),
    *(word for pair in SETTINGS.items() for word in ("--env-set", "{}={}".format(*pair))),
)
_TEAM = (
    *("--agent", "ppo", "--contributors", "team", "--byzantine", 1, "--aggregator", "median"),
    *("--copies", 4, "--set", "steps=12", "--set", "policy=[8]", "--steps", 384),
)
_SB3 = (
    *("--agent", "sb3:PPO", "--copies", 4, "--set", "n_steps=12", "--set", "batch_size=96"),
    *("--set", "n_epochs=2", "--steps", 384, "--record"),
)


def run_command(*words, cwd):
    """Run the command line in this process; return what it prints."""
    out, err = io.StringIO(), io.StringIO()
    with (
        contextlib.chdir(cwd),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        pytest.raises(SystemExit) as ended,
    ):
        cli.main([str(word) for word in words])
    assert not ended.value.code, err.getvalue()
    return out.getvalue()


def make_runs(folder):
    """Train by contributors here and on Ray, and an agent of SB3 twice; then write the page."""
    (folder / THREATS).write_text(_FILE)
    run_command("train", *_IN, *_TEAM, "--out", "here", cwd=folder)
    on_ray = ("--ray", "local", "--ray-set", "actors=2", "--ray-set", "start_seconds=300")
    run_command("train", *_IN, *_TEAM, *on_ray, "--out", "ray", cwd=folder)
    for name in ("sb3", "again"):
        told = run_command("train", *_IN, *_SB3, "--out", name, cwd=folder)
        assert "without sign_flip" in told  # it sends no updates that could be turned round
    run_command("report", "here", "ray", "sb3", "--out", "page.html", cwd=folder)
