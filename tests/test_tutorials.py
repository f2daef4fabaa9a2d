"""Tutorials and recipes can be followed, command by command."""

import json
import os
import re
import subprocess
import sys
import tomllib
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


def test_the_dockerfile_names_what_there_is():
    page = (ROOT / "docs/how-to/docker.md").read_text(encoding="utf-8")
    (recipe,) = re.findall(r"^```dockerfile\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL)
    lines = recipe.replace("\\\n", " ").splitlines()
    instructions = [line.split(None, 1) for line in lines if line]
    known = {"FROM", "RUN", "USER", "WORKDIR", "COPY", "ARG", "ENV", "ENTRYPOINT", "CMD"}
    assert {word for word, _ in instructions} == known
    assert instructions[0] == ["FROM", "python:3.11-slim"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (entry,) = [json.loads(rest) for word, rest in instructions if word == "ENTRYPOINT"]
    assert entry[0] in project["scripts"]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (target,) = re.findall(r"RUN make (\S+)", recipe)
    assert f"\n{target}:" in makefile
    given = re.findall(r'(\w+)="\$(\w+)"', *re.findall(r"RUN make .*", recipe))
    arguments = re.findall(r"^ARG (\w+)", recipe, flags=re.MULTILINE)
    assert given
    assert all(f"\n{name} ?=" in makefile and value in arguments for name, value in given)
    assert set(re.findall(r"\$(\w+)", recipe)) == {*arguments, "PATH"}
