"""The page on policy gradients does what it says."""

import re

from tests.tree import ROOT


def test_its_blocks_run_one_after_another():
    page = (ROOT / "docs/policy-gradients.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL)
    assert len(blocks) == 2
    namespace = {"__name__": "page"}
    for block in blocks:
        assert block.splitlines()[-1].startswith("assert ")
        exec(block, namespace)  # noqa: S102  # our own page
