"""Tables of parts are those of the registries."""

import importlib.util
import json
import sys

import pytest

from rallypoint.experiments.byzantine_gradient.attacks import ATTACKS
from tests.tree import ROOT, python


def script(name):
    """Return a script of the pages, as a module under the name by which another imports it."""
    spec = importlib.util.spec_from_file_location(name, ROOT / f"docs/{name}.py")
    sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


readme_tables, grid_tables = script("readme_tables"), script("grid_tables")


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


def cell(measured, worst, **told):
    score = {"measured": measured, "interval": [measured - 1, measured + 1], "n": 20}
    share = {"measured": measured / 100, "interval": [0.1, 0.9], "n": 20}
    return {"return": score, "share": share, "worst_return": worst} | told


def test_the_page_of_the_grid_is_filled_in_and_what_people_wrote_stays(tmp_path):
    metrics = {
        "B8/krum": {
            "alie": cell(20, 3.0, ratio=1.5, cosine=-0.25),
            "noise": cell(80, 60.0, ratio=None, cosine=None),
            "none": cell(10, 90.0, ratio=1.0, cosine=1.0),
        },
        "B8/krum/limit-of-ratio": 0.125,
        "B8/krum/over-attacks": {"measured": 50},
        "K15/mean": {"none": cell(99, 98.0), "noise": cell(7, 2.0, ratio=0.5, cosine=0.0)},
        "K15/mean/limit-of-ratio": None,
    }
    (tmp_path / "summary.json").write_text(json.dumps({"metrics": metrics}))
    empty = "before <!-- {0}: begin -->\nold\n<!-- {0}: end --> after\n"
    page = "".join(empty.format(name) for name in ("worst", "returns"))
    filled = grid_tables.filled(page, tmp_path)
    assert filled == grid_tables.filled(filled, tmp_path)
    assert "old" not in filled
    assert filled.count("before") == filled.count("after") == 2
    for line in (
        "| B8 | `krum` | ALIE | 0.20 [0.10, 0.90] | 3 | 1.50; 0.12 | -0.25 |",
        "| K15 | `mean` | noise | 0.07 [0.10, 0.90] | 2 | 0.50; none known | 0.00 |",
        "| **B8** | none | noise | ALIE |",
        "| `krum` | 10 [9, 11] (90) | 80 [79, 81] (60) | 20 [19, 21] (3) |",
        "| `mean` | 99 [98, 100] (98) | 7 [6, 8] (2) |",
    ):
        assert line in filled.splitlines()


def test_every_attack_of_the_experiment_has_a_name_on_its_page():
    assert set(grid_tables._ATTACKS) == {"none", *ATTACKS}
