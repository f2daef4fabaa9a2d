"""Tables of parts are those of the registries."""

import importlib.util

import pytest

from tests.tree import ROOT, python

_spec = importlib.util.spec_from_file_location("readme_tables", ROOT / "docs/readme_tables.py")
readme_tables = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(readme_tables)


@pytest.mark.parametrize(("page", "name"), [("parts", "parts"), ("aggregation", "rules")])
def test_a_table_is_that_of_the_registry(page, name):
    written = (ROOT / f"docs/{page}.md").read_text(encoding="utf-8")
    table = getattr(readme_tables, name)()
    assert readme_tables.replaced(written, name, table) == written, "run `make readme`"


HIDDEN = """
import importlib, pkgutil
from rallypoint.agents import agents
from rallypoint.safety.aggregation import aggregators
from rallypoint.safety.threats import threats

for package, parts in (
    ("rallypoint.agents", agents),
    ("rallypoint.safety.threats", threats),
    ("rallypoint.safety.aggregation", aggregators),
):
    found = set(parts)
    where = importlib.import_module(package).__path__
    for module in pkgutil.walk_packages(where, package + "."):
        if ".cluster" not in module.name:  # Ray, and no parts
            importlib.import_module(module.name)
    print(*sorted(set(parts) - found))
"""


def test_every_part_is_found_by_who_only_asks_the_registry():
    assert python("-c", HIDDEN).split() == []


HEAD = "| case | speed | compared | goal |  |\n| --- | --- | --- | --- | --- |\n"


def test_some_rows_are_measured_again_and_the_others_stay():
    page = "<!-- speed: begin -->\n{}\n<!-- speed: end -->"
    before = page.format(
        HEAD + "| a | 1 M | 2,500 × SB3 | ≥ 2 | met |\n| a | 1 M | 1.5 k × VMAS |  |  |\n"
        "| b | 4 | 4.85 CPU s | ≤ 5 s | met |"
    )
    table = (
        HEAD + "| a | 3 M | 7.1 × VMAS | ≥ 8 | **missed** |\n| b | 5 | 3.1 CPU s | ≤ 5 s | met |\n"
        "| c | 5 | 3 × SB3 |  |  |"
    )
    assert readme_tables.updated(before, "speed", table) == page.format(
        HEAD
        + "| a | 1 M | 2,500 × SB3 | ≥ 2 | met |\n| a | 3 M | 7.1 × VMAS | ≥ 8 | **missed** |\n"
        "| b | 5 | 3.1 CPU s | ≤ 5 s | met |\n| c | 5 | 3 × SB3 |  |  |"
    )
    assert readme_tables.updated(before, "speed", "") == before
