"""Tutorials and recipes can be followed, command by command."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tree import ROOT

PAGES = sorted((ROOT / "docs").glob("tutorials/*.md")) + sorted((ROOT / "docs").glob("how-to/*.md"))


def blocks_of(page):
    """Return the fenced blocks that a reader types or saves, with their languages."""
    text = page.read_text(encoding="utf-8")
    return re.findall(r"^```(sh|python|toml)\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def type_in(commands):
    """Run commands as a reader would who has activated the environment."""
    here = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-euc", commands],
        env=here | {"RAY_USAGE_STATS_ENABLED": "0"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{commands}\n{done.stdout}\n{done.stderr}"


def save(text):
    """Save a file that says its name in its first line; others are for reading."""
    if named := re.match(r"# ([\w.-]+\.toml)\n", text):
        Path(named[1]).write_text(text, encoding="utf-8")


@pytest.mark.tutorial
@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_a_page_can_be_followed_to_its_end(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    namespace = {"__name__": "page"}
    for language, block in blocks_of(page):
        if language == "sh":
            type_in(block)
        elif language == "toml":
            save(block)
        else:
            exec(compile(block, page.name, "exec"), namespace)  # noqa: S102 - our own page


def test_every_tutorial_runs_something():
    assert [p.stem for p in PAGES if p.parent.name == "tutorials" and not blocks_of(p)] == []
