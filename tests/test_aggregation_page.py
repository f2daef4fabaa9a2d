"""The page on aggregation knows every part."""

import importlib.util

from tests.tree import ROOT

PAGE = (ROOT / "docs/aggregation.md").read_text(encoding="utf-8")


def test_the_table_of_rules_is_that_of_the_registry():
    spec = importlib.util.spec_from_file_location("readme_tables", ROOT / "docs/readme_tables.py")
    readme_tables = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(readme_tables)
    assert readme_tables.replaced(PAGE, "rules", readme_tables.rules()) == PAGE, "run `make readme`"
