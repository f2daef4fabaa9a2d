"""What somebody's part raises in a run is told in a line, and passes Python unchanged."""

import ast
import json
import sys
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

import rallypoint as package
from rallypoint.agents.train import Training, train
from rallypoint.envs.games.matching import world
from rallypoint.experiments import raised
from rallypoint.registration import envs
from rallypoint.safety.threats import Proposal, Threat, register, threats
from tests.tree import ROOT, python_files


class Tripped(Exception):
    """Somebody's own error."""


def tripping(**settings):
    """Make a world that raises at its sixth step."""
    made = world(**settings)
    inner, taken = made.step, []

    def step(actions):
        taken.append(1)
        if len(taken) > 5:
            raise Tripped("over a\nstone")
        return inner(actions)

    made.step = step
    return made


@pytest.fixture
def parts(monkeypatch):
    """Let a world and a threat of somebody's be known."""
    for registry in (envs, threats):
        list(registry)
        monkeypatch.setattr(registry, "_parts", dict(registry._parts))
    package.register_env("tripping-v0", tripping)

    @register
    @dataclass(frozen=True, kw_only=True)
    class Careless(Threat):
        """Divides by nothing at step 3."""

        kind: ClassVar[str] = "careless"
        site: ClassVar[str] = "action"

        knowledge: tuple[str, ...] = ("actions",)

        def apply(self, state, known, draws):
            del draws
            1 / int(not (known.time == 3).any())
            return Proposal(np.zeros_like(known.opportunities), known.actions), state


TRIPPING = ("--env", "tripping-v0", "--env-set", "max_cycles=50", "--steps", 4000)
AGENTS = [
    ("q_learning",),
    ("ppo", "--set", "steps=8", "--set", "policy=[4]"),
    ("sb3:PPO", "--set", "n_steps=8", "--set", "batch_size=8"),
]


@pytest.mark.parametrize("agent", AGENTS, ids=lambda words: words[0])
def test_a_world_that_raises_is_told_in_a_line_with_the_step(rallypoint, parts, agent, tmp_path):
    done = rallypoint("train", *TRIPPING, "--agent", *agent, "--copies", 2, "--out", "run")
    assert done.status == 1
    assert done.err.count("\n") == 1
    assert "step (" in done.err
    assert "test_raised.py:" in done.err
    assert "Tripped: over a stone, after " in done.err
    assert "RALLYPOINT_TRACEBACK=1 shows the whole traceback" in done.err
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert manifest["status"] != "finished"


def test_a_threat_that_raises_is_named(rallypoint, parts, tmp_path):
    (tmp_path / "careless.toml").write_text('format = 1\n[[threats]]\nkind = "careless"\n')
    words = ("--env", "matching-game-v0", "--env-set", "max_cycles=9", "--steps", 400)
    done = rallypoint("train", *words, "--agent", *AGENTS[1], "--threats", "careless.toml")
    assert done.err.startswith("Error: Careless.apply (")
    assert "raised ZeroDivisionError: division by zero, after 0 of 400 steps" in done.err


def test_what_was_finished_is_kept(rallypoint, parts, tmp_path):
    words = ("--env", "tripping-v0", "--env-set", "max_cycles=2", "--steps", 4000)
    small = ("--copies", 1, "--set", "steps=2", "--set", "policy=[4]", "--set", "minibatch=2")
    done = rallypoint("train", *words, "--agent", "ppo", *small, "--out", "run")
    assert "after 4 of 4,000 steps" in done.err or "after 8 of 4,000 steps" in done.err
    rows = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    assert len(rows) == 2


def test_the_whole_traceback_is_shown_where_it_is_asked_for(rallypoint, parts, monkeypatch):
    monkeypatch.setenv("RALLYPOINT_TRACEBACK", "1")
    with pytest.raises(Tripped):
        rallypoint("train", *TRIPPING, "--agent", "q_learning")


def test_an_error_of_our_own_is_shown_whole(rallypoint, monkeypatch):
    code = "def wrong(*_, **__):\n    return {}['nothing there']\n"
    ours = {"__name__": "rallypoint.agents.wrong"}
    exec(compile(code, "wrong.py", "exec"), ours)  # noqa: S102 - a function of a module of ours
    monkeypatch.setattr("rallypoint.agents.train.check", ours["wrong"])
    with pytest.raises(KeyError):
        rallypoint("train", "--env", "matching-game-v0", "--agent", "q_learning", "--steps", 10)


def test_what_a_library_that_we_call_raises_is_no_parts_error():
    worlds = {"gymnasium", "pettingzoo"}  # of which some are parts
    called = set()
    ours = [path for path in python_files() if not path.startswith(("benchmarks/", "tests/"))]
    for path in ours:
        for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                called |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                called.add(str(node.module).partition(".")[0])
    assert {"matplotlib", "numpy"} <= called
    assert called - sys.stdlib_module_names - worlds - {"rallypoint"} <= raised._LIBRARIES


def test_short_memory_is_the_machines_wherever_it_is_noticed(parts, rallypoint, monkeypatch):
    def raise_it(*_):
        raise MemoryError("Unable to allocate")

    monkeypatch.setattr(f"{__name__}.Tripped", raise_it)
    done = rallypoint("train", *TRIPPING, "--agent", "q_learning")
    assert done.err.startswith("Error: there is too little memory: Unable to allocate")


def test_from_python_it_passes_through_unchanged(parts, tmp_path):
    settings = {"max_cycles": 50}
    trained = Training(env="tripping-v0", agent="q_learning", steps=4000, env_settings=settings)
    with pytest.raises(Tripped, match="over a\nstone") as caught:
        train(trained, tmp_path / "out")
    assert caught.value.args == ("over a\nstone",)
    assert caught.value.__cause__ is None
    assert "after 5 steps of each copy" in caught.value.__notes__
