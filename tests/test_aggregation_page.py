"""The page on aggregation does what it says, and knows every part."""

import importlib.util
import re

import pytest

from tests.tree import ROOT, python

PAGE = (ROOT / "docs/aggregation.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_block_runs(block, tmp_path):
    assert block.splitlines()[-1].startswith("assert "), "it shows nothing"
    python("-c", block, cwd=tmp_path)


def test_the_table_of_rules_is_that_of_the_registry():
    spec = importlib.util.spec_from_file_location("readme_tables", ROOT / "docs/readme_tables.py")
    readme_tables = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(readme_tables)
    assert readme_tables.replaced(PAGE, "rules", readme_tables.rules()) == PAGE, "run `make readme`"


def test_local_links_lead_somewhere():
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", PAGE)
    assert not [link for link in links if not (ROOT / "docs" / link).exists()]
