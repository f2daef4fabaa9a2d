"""The page on teammates does what it says, and its threat file can be meant."""

import re

import rallypoint
from rallypoint.safety.frame import Threatened
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats import threats
from tests.tree import ROOT

PAGE = (ROOT / "docs/teammates.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)


def test_its_threat_file_can_be_meant(tmp_path):
    [file] = blocks("toml")
    (tmp_path / "threats.toml").write_text(file)
    model = ThreatModel.from_toml(tmp_path / "threats.toml")
    Threatened(rallypoint.make("gathering-v0"), model).reset(seed=0)


def test_every_kind_it_names_is_one():
    table = PAGE.partition("## What teammates can do")[2].partition("A *geometry*")[0]
    rows = [row.split("|")[2] for row in table.splitlines() if row.startswith("| ") and "`" in row]
    named = {re.findall(r"`(\w+)`", cell)[0] for cell in rows}
    assert named <= set(threats)
    ours = {kind for kind in threats if ".teammate." in threats[kind].__module__}
    assert ours <= named
