"""The whole experiment, small: cells, receipts, effects, and what it refuses."""

import json
from pathlib import Path

import numpy as np
import pytest

from rallypoint.experiments.factorial.config import FactorialConfig
from rallypoint.experiments.factorial.measure import measure, switches, threat_model
from rallypoint.safety.threat_model import ThreatModel

TWO = """
format = 1
[[threats]]
kind = "constant_action"
victims = { count = 3 }
action = 1
[[threats]]
kind = "crash"
victims = ["agent_0"]
when = { from = 2 }
"""
SMALL = (
    *("--env", "gathering-v0", "--agent", "q_learning", "--steps", "200", "--tests", "4"),
    *("--team", "{}", "--agent-settings", "{}", "--env-settings", '{"num_agents": 4, "cells": 5}'),
)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "two.toml"
    path.write_text(TWO)
    return path


def test_every_cell_is_trained_and_every_effect_told(file, rallypoint, read):
    done = rallypoint("run", "factorial", "--threats", file, *SMALL, "--seeds", 3, "--out", "run")
    assert done.status == 0, done.err
    rows = [json.loads(line) for line in Path("run/metrics.jsonl").read_text().splitlines()]
    assert len(rows) == 4 * 3
    assert {row["condition"] for row in rows} == {"none", "presence", "action", "presence+action"}
    summary = read("run/summary.json")
    told = {claim["id"]: claim["measured"] for claim in summary["claims"]}
    means = {
        name: np.mean([row["return"] for row in rows if row["condition"] == name])
        for name in ("none", "presence", "action", "presence+action")
    }
    assert told["factorial/presence+action"] == pytest.approx(
        means["presence+action"] - means["presence"] - means["action"] + means["none"]
    )
    assert told["factorial/presence"] == pytest.approx(
        (means["presence+action"] + means["presence"] - means["action"] - means["none"]) / 2
    )
    undecided = [c["id"] for c in summary["claims"] if c["verdict"] == "undecided"]
    needed = {
        name.partition("/")[0] for name in summary["metrics"] if name.endswith("/seeds-needed")
    }
    assert needed <= {name.partition("/")[2] for name in undecided}
    receipts = read("run/receipts.json")["receipts"]
    assert {name.partition("/")[0] for name in receipts} == {
        "presence",
        "action",
        "presence+action",
    }


def test_channels_and_threats_are_switched():
    ours = threat_model(FactorialConfig())
    by_channel = switches(ours, "channel")
    assert [switch.name for switch in by_channel] == [
        *("observation", "action", "interruption", "update")
    ]
    doubled = ThreatModel.from_dict({"threats": [{"kind": "stutter"}, {"kind": "stutter"}]})
    assert [switch.threats for switch in switches(doubled, "channel")] == [(0, 1)]
    assert [switch.name for switch in switches(doubled, "threat")] == ["stutter-0", "stutter-1"]


def test_a_cell_is_the_training_that_its_file_alone_makes(file):
    config = FactorialConfig(
        threats=str(file),
        env="gathering-v0",
        agent="q_learning",
        steps=200,
        tests=4,
        team={},
        agent_settings={},
        env_settings={"num_agents": 4, "cells": 5},
    )
    model = threat_model(config)
    first, second = switches(model, "threat")
    together, alone = (
        measure(config, model, [first, second], 0),
        measure(config, model, [second], 0),
    )
    assert [r.kind for r in together.outcome.receipts] == ["constant_action", "crash"]
    assert [r.kind for r in alone.outcome.receipts] == ["crash"]
    assert alone.wrong == together.wrong == ()
    assert measure(config, model, [second], 0).worth == alone.worth


REFUSED = {
    "no such file": (("--threats", "nowhere.toml"), "cannot read threat file"),
    "nothing to switch": (("--threats", "empty.toml"), "nothing to switch"),
    "too few cells": (("--cells", 2), "cells is a number >= 4"),
    "no such agent": (("--agent", "q_lerning"), "did you mean 'q_learning'?"),
}


@pytest.mark.parametrize(("words", "says"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_meant_is_refused_in_one_line(words, says, rallypoint):
    Path("empty.toml").write_text("format = 1\n")
    done = rallypoint("run", "factorial", *words, "--out", "run")
    assert done.status in (1, 2)
    assert says in done.err
    assert done.err.splitlines()[-1].startswith("Error: ")
