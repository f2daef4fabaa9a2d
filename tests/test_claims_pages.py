"""Pages of claims say what the runs that were kept have found, and nothing else."""

import importlib.util
import json
import re

import pytest

from rallypoint.experiments import experiments
from tests.tree import ROOT

_spec = importlib.util.spec_from_file_location("claims_pages", ROOT / "docs/claims_pages.py")
claims_pages = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(claims_pages)

KEPT = claims_pages.kept_runs()
MOST_BYTES = 3_000_000  # of all that is kept: the repository is cloned by everybody


def test_pages_are_those_of_what_is_kept():
    for page, text in claims_pages.pages().items():
        assert (ROOT / "docs" / page).read_text(encoding="utf-8") == text, "run `make claims`"


def test_every_page_is_of_an_experiment_and_every_picture_of_a_run():
    assert {run.experiment for run in KEPT} <= set(experiments)
    on_disk = {file.name for file in (ROOT / "docs/claims/kept").glob("*.png")}
    assert on_disk == {picture for run in KEPT for picture in run.pictures}


@pytest.mark.parametrize("run", KEPT, ids=lambda run: run.name)
def test_a_verdict_follows_from_its_interval(run):
    for claim in run.claims:
        expected = claim.expected
        ends = [expected.clears(end, expected.threshold) for end in claim.interval or ()]
        if claim.verdict == "holds":
            assert ends == [True, True], claim.id
        elif ends == [True, True]:  # then one seed missed, or they were too few to tell
            assert expected.every_seed is not None or claim.n < 3, claim.id


def test_what_is_kept_is_small():
    files = (ROOT / "docs/claims/kept").iterdir()
    assert sum(file.stat().st_size for file in files) < MOST_BYTES


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("rallypoint run a --out /x/y", "rallypoint run a"),
        ("rallypoint run a --out=/x --seed 3", "rallypoint run a --seed 3"),
        ("rallypoint run a --set kept=/x --set b=[1]", "rallypoint run a --set 'b=[1]'"),
        ("rallypoint run a --kept /x --strict", "rallypoint run a --strict"),
    ],
)
def test_a_command_is_told_without_the_places_of_a_machine(words, told):
    assert claims_pages._command(words.split(), {"out", "kept"}) == told


def test_places_of_a_machine_are_in_nothing_that_is_kept():
    for file in (ROOT / "docs/claims/kept").glob("*.json"):
        assert not re.search(r'"/\w+/', json.dumps(json.loads(file.read_text()))), file.name
