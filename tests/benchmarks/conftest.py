"""The benchmark's modules, found as its scripts find them."""

import gc
import importlib
from types import SimpleNamespace

import pytest
from rich.console import Console

from tests.tree import ROOT

MODULES = (
    "aggregation",
    "goals",
    "install_peers",
    "processes",
    "results",
    "rules_goals",
    "rules_page",
    "rules_table",
    "suites",
    "table",
    "timing",
    "worker",
)


@pytest.fixture
def bench(monkeypatch):
    """Return the modules, and three ways to make what they pass around."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    monkeypatch.setattr(gc, "unfreeze", lambda: None)  # or each sample searches all tests' objects
    modules = SimpleNamespace(**{name: importlib.import_module(name) for name in MODULES})

    def case(row, prepare=None, **settings):
        return modules.timing.Case(row=row, prepare=prepare, **settings)

    def timed(row, *rates, cpu=1.0, failure=None, **settings):
        samples = [modules.timing.Sample(int(rate), 1.0, cpu, 1) for rate in rates]
        return modules.timing.Timing(case=case(row, **settings), samples=samples, failure=failure)

    def faster(case, *than, **settings):
        row, _, column = case.rpartition(" ")
        names = {"section": "copies", "row": row, "column": column, "called": "peer"}
        return modules.goals.Faster(case=case, than=than, **(names | settings))

    return SimpleNamespace(**vars(modules), case=case, timed=timed, faster=faster)


@pytest.fixture
def shown():
    """Return what a reader sees of tables."""

    def show(*tables):
        console = Console(width=160, color_system=None)
        with console.capture() as captured:
            for table in tables:
                console.print(table)
        return captured.get()

    return show
