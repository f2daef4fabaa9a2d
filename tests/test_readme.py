"""The README does what it says."""

import re

import pytest

from tests.tree import ROOT, python

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_block_runs(block, tmp_path):
    python("-c", block, cwd=tmp_path)


def test_blocks_end_in_what_they_show():
    for block in BLOCKS:
        assert block.splitlines()[-1].startswith("assert "), f"shows nothing:\n{block}"


def test_make_commands_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, flags=re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z]+)", README, flags=re.MULTILINE))
    assert named <= targets, f"no such target: {named - targets}"


def test_local_links_lead_somewhere():
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", README)
    missing = [link for link in links if not (ROOT / link).exists()]
    assert not missing
