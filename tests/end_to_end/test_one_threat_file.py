"""One threat file, from beginning to end: three trainings under it, and the page about them.

What is promised: contributors learn the same parameters to the bit in this process and on Ray, an
agent of Stable-Baselines3 when it learns again, and one policy lives the same trajectory whoever
steps the world.
"""

import json
import re
from hashlib import sha256
from itertools import chain
from pathlib import Path

import numpy as np
import pytest

import rallypoint
from rallypoint.agents.build import build_world
from rallypoint.agents.episodes import play
from rallypoint.agents.saved import load_policies
from rallypoint.draws import Draws
from rallypoint.envs.views.parallel import ParallelView
from rallypoint.envs.views.sb3 import Sb3View
from rallypoint.envs.views.vector import VectorView
from rallypoint.safety.recorder import Recorder
from rallypoint.safety.recording_files import read_recordings
from rallypoint.safety.threat_model import ThreatModel
from tests.end_to_end.runs import AGENTS, SETTINGS, THREATS, WORLD, make_runs, run_command

pytestmark = [
    pytest.mark.filterwarnings("default"),  # Ray's own
]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Return a folder with the trainings under the file, and what each prints."""
    folder = tmp_path_factory.mktemp("end_to_end")
    make_runs(folder)
    return folder


def trajectory(recording, steps):
    """Hash what was true, seen, chosen, done, told and ended in the first steps."""
    at = recording.chosen_at[:steps]
    of_groups = [recording.true_observations, recording.observations]
    of_steps = [recording.proposed, recording.executed]
    arrays = chain(
        (part[group][at] for part in of_groups for group in sorted(part)),
        (part[group][:steps] for part in of_steps for group in sorted(part)),
        (getattr(recording, name)[at] for name in ("alive", "crashed", "byzantine")),
        (
            getattr(recording, name)[:steps]
            for name in ("interrupted", "rewards", "true_rewards", "terminated", "truncated")
        ),
    )
    found = sha256()
    for array in arrays:
        found.update(
            f"{array.dtype} {array.shape}".encode() + np.ascontiguousarray(array).tobytes()
        )
    return found.hexdigest()


def lived(runs, name, seed):
    """Hash the episodes that the agent of a run lives under the file's threats."""
    out = runs / f"{name}-lived-{seed}"
    words = ("--episodes", 4, "--seed", seed, "--threats", THREATS, "--record", out)
    told = run_command("evaluate", runs / name, *words, cwd=runs)
    assert "without sign_flip" in told
    return [trajectory(part, part.num_steps) for part in read_recordings(out)]


def test_here_and_on_ray_the_same_is_learned(runs):
    here, there = (runs / name / "policy.safetensors" for name in ("here", "ray"))
    assert here.read_bytes() == there.read_bytes()
    assert here.read_bytes() != (runs / "again" / "policy.safetensors").read_bytes()  # of SB3
    rows = [
        [json.loads(line) for line in (runs / name / "metrics.jsonl").read_text().splitlines()]
        for name in ("here", "ray")
    ]
    assert len(rows[0]) == len(rows[1]) > 1
    for one, other in zip(*rows, strict=True):
        assert one == {key: other[key] for key in one}
    told = [json.loads((runs / name / "receipts.json").read_text()) for name in ("here", "ray")]
    assert told[0] == told[1]


def test_an_agent_of_sb3_learns_the_same_again(runs):
    one, other = (runs / name / "policy.safetensors" for name in ("sb3", "again"))
    assert one.read_bytes() == other.read_bytes()
    recorded = [
        [trajectory(part, part.num_steps) for part in read_recordings(runs / name / "recording")]
        for name in ("sb3", "again")
    ]
    assert recorded[0] == recorded[1]


def test_what_was_learned_lives_the_same_trajectories(runs):
    here = lived(runs, "here", 1)
    assert lived(runs, "ray", 1) == here
    assert lived(runs, "sb3", 1) == lived(runs, "again", 1) != here
    assert lived(runs, "here", 2) != here


def stepped_by_pettingzoo(world, act):
    view = ParallelView(world)
    seen, _ = view.reset(seed=5)
    while view.agents:
        actions = act(np.stack([seen[agent] for agent in AGENTS]))
        seen, *_ = view.step(dict(zip(AGENTS, actions, strict=True)))


def stepped_by_sb3(world, act):
    view = Sb3View(world)
    view.seed(5)
    seen, done = view.reset(), np.zeros(len(AGENTS), dtype=bool)
    while not done.any():
        seen, _, done, _ = view.step(act(seen))


def stepped_by_gymnasium(world, act):
    view = VectorView(world)
    seen, _ = view.reset(seed=5)
    over = np.zeros(len(AGENTS), dtype=bool)
    while not over.any():
        seen, _, terminated, truncated, _ = view.step(act(seen))
        over = terminated | truncated


@pytest.mark.parametrize("step", [stepped_by_pettingzoo, stepped_by_sb3, stepped_by_gymnasium])
def test_whoever_steps_the_world_a_policy_lives_the_same_trajectory(step, runs):
    threats = ThreatModel.from_toml(runs / THREATS).in_world()
    policy = load_policies(runs / "here", rallypoint.make(WORLD, copies=1, **SETTINGS))[
        "stochastic"
    ]

    def recorder():
        return Recorder(build_world(WORLD, copies=1, settings=SETTINGS, threats=threats))

    ours = recorder()
    for _ in play(ours, policy, Draws(3, "test/policy", ours.copies), seed=5):
        pass
    assert ours.finish() == []
    theirs = recorder()
    draws = Draws(3, "test/policy", theirs.copies)
    draws.begin_episode()
    step(theirs, lambda seen: policy.act({"agents": seen[None]}, draws)["agents"][0])
    assert theirs.finish() == []
    (one,), (other,) = ours.parts, theirs.parts
    assert one.num_steps == SETTINGS["max_cycles"]
    assert one.interrupted.any()
    assert trajectory(other, one.num_steps) == trajectory(one, one.num_steps)


def test_each_run_verifies(runs):
    for name in ("here", "ray", "sb3"):
        told = json.loads(run_command("verify", runs / name, "--json", cwd=runs))
        states = {each["what"]: each["state"] for each in told["findings"]}
        assert states["files"] == states["metrics"] == states["policy"] == "same", name


def test_one_page_tells_of_all_three(runs):
    page = (runs / "page.html").read_text()
    for name in ("here", "ray", "sb3"):
        assert re.search(rf"\b{name}\b", page), name
    for kind in ("interruption", "lossy_sight", "anti_goal", "sign_flip"):
        assert kind in page, kind
    assert not re.search(r"<script|src=\"http|href=\"http", page)
    assert Path(runs / "page.html").stat().st_size < 10_000_000
