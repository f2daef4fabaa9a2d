"""``rallypoint assess``, as it is typed."""

import json

import pytest
from click.testing import CliRunner

from rallypoint.experiments.cli import cli

THREATS = """
format = 1
[[threats]]
kind = "interruption"
policy = {actions = {agent_0 = 0, agent_1 = 1}}
"""


@pytest.fixture
def threats(tmp_path):
    path = tmp_path / "threats.toml"
    path.write_text(THREATS)
    return str(path)


def run(threats, *words):
    arguments = ["assess", "--env", "matching-game-v0", "--threats", threats, *words]
    return CliRunner().invoke(cli, arguments, env={"COLUMNS": "80"})


def test_it_says_what_was_found_and_what_that_does_not_show(threats):
    found = run(threats, "--agent", "a2c", "--theta", "0.5", "--replicates", "100")
    assert found.exit_code == 0, found.output
    assert found.output.startswith("A2cLearner() in matching-game-v0: ")
    assert "falsification test" in found.output
    assert max(map(len, found.output.splitlines())) <= 80


def test_machines_get_everything(threats):
    found = run(threats, "--agent", "a2c", "--theta", "0.5", "--replicates", "20", "--json")
    told = json.loads(found.output)
    assert told["verdict"] in {"depends", "not enough data"}
    assert told["findings"][0]["theta"] == 0.5
    assert told["findings"][0]["pairs"] == 20


def test_it_may_be_said_when_to_freeze_and_where_to_look(threats):
    words = ("--agent", "q_learning", "--theta", "0.5", "--json", "--lead")
    trained, fresh = (
        json.loads(run(threats, *words, lead, "--lead", "2", "--frozen-after", after).output)
        for lead, after in (("1", "50"), ("3", "0"))
    )
    assert (trained["frozen"], fresh["frozen"]) == tuple(
        f"Frozen after {steps} steps that nobody interrupted." for steps in (50, 0)
    )
    assert trained["findings"] != fresh["findings"]
    late = run(threats, "--agent", "a2c", "--frozen-after", "3")
    assert late.exit_code == 2
    assert "leave frozen_after out" in late.output


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--agent", "q_learning", "--theta", "1.5"), "theta lies in [0, 1)"),
        (("--agent", "q_lerning"), "q_learning"),
        (("--agent", "uniform_random"), "is a rule"),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(threats, words, reason):
    found = run(threats, *words)
    assert found.exit_code == 2
    assert reason in found.output
