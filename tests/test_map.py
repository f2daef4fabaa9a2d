"""The page that says where everything is."""

import re

from tests.tree import ROOT

TEXT = (ROOT / "docs/map.md").read_text(encoding="utf-8")
FOLDERS = ("src", "envs", "safety", "agents", "experiments", "tests")


def test_every_place_it_names_is_there():
    named = [path for path in re.findall(r"`([\w/.]+)`", TEXT) if path.startswith(FOLDERS)]
    assert len(named) > 30
    assert [path for path in named if "/" in path and not (ROOT / path).exists()] == []


def test_what_is_to_be_read_first_is_short():
    table = TEXT.split("What holds")[0]
    first = re.findall(r"\| `([\w/.]+\.py)` \|$", table, flags=re.MULTILINE)
    lengths = {path: len((ROOT / path).read_text().splitlines()) for path in first}
    assert len(lengths) == 7
    assert max(lengths.values()) <= 120, lengths
