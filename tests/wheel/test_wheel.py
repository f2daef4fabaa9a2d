"""The wheel in an environment of its own, used from a folder that knows nothing of the checkout.

``make test-wheel`` builds it, installs it into ``.venv-wheel`` with what it needs, and runs this.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tree import ROOT, python

pytestmark = pytest.mark.wheel


def rallypoint(*words, cwd):
    """Run the command as it was installed; returns what it says."""
    command = Path(sys.executable).with_name("rallypoint")
    done = subprocess.run(
        [command, *words], cwd=cwd, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_it_is_the_wheel_that_is_used(tmp_path):
    (where,) = python("-c", "import rallypoint; print(*rallypoint.__path__)", cwd=tmp_path).split()
    assert ROOT / "src" not in Path(where).parents
    assert Path(where).parent.name == "site-packages"


def test_everything_that_is_listed_can_be_used(tmp_path):
    listed = json.loads(rallypoint("list", "--json", cwd=tmp_path))
    assert {kind: len(parts) > 20 for kind, parts in listed.items()} == dict.fromkeys(listed, True)
    optional = {"numba", "sb3_contrib", "mujoco", "Box2D"}  # extras, which say what they lack
    for parts in listed.values():
        for part in parts:
            assert part["available"] or any(name in part["reason"] for name in optional), part


def test_an_experiment_is_run_reported_and_verified(tmp_path):
    rallypoint("run", "gathering", "--quick", "--out", "demo", cwd=tmp_path)
    claims = json.loads((tmp_path / "demo/summary.json").read_text())["claims"]
    assert all(claim["holds"] or claim.get("documented_limit") for claim in claims)
    rallypoint("report", "demo", "--out", "page.html", cwd=tmp_path)
    assert "G1/learns" in (tmp_path / "page.html").read_text()
    rallypoint("verify", "demo", "--seconds", "0", cwd=tmp_path)


def test_an_episode_is_shown(tmp_path):
    words = ("show", "gathering-v0", "--agent", "circular_mean", "--steps", "5")
    rallypoint(*words, "--out", "strip.png", cwd=tmp_path)
    assert (tmp_path / "strip.png").read_bytes().startswith(b"\x89PNG")


@pytest.fixture
def without_meadow(tmp_path):
    """Let nobody find it who did not install it, also if a run before was stopped half-way."""
    words = ("-m", "pip", "uninstall", "-q", "-y", "meadow")
    python(*words, cwd=tmp_path)
    yield
    python(*words, cwd=tmp_path)


@pytest.mark.usefixtures("without_meadow")
def test_a_part_of_ones_own_joins_it(tmp_path):
    rallypoint("new", "env", "meadow", cwd=tmp_path)
    python("-m", "pip", "install", "-q", "--no-deps", "./meadow", cwd=tmp_path)
    words = ("--env", "meadow/meadow-v0", "--agent", "q_learning", "--steps", "300")
    rallypoint("train", *words, "--out", "trained", cwd=tmp_path)
    assert (tmp_path / "trained/receipts.json").exists()
