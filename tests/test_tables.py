"""Tables of parts are those of the registries."""

import importlib.util

import pytest

from tests.tree import ROOT

_spec = importlib.util.spec_from_file_location("readme_tables", ROOT / "docs/readme_tables.py")
readme_tables = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(readme_tables)


@pytest.mark.parametrize(("page", "name"), [("parts", "parts"), ("aggregation", "rules")])
def test_a_table_is_that_of_the_registry(page, name):
    written = (ROOT / f"docs/{page}.md").read_text(encoding="utf-8")
    table = getattr(readme_tables, name)()
    assert readme_tables.replaced(written, name, table) == written, "run `make readme`"
