"""Threat files that are checked for those who send updates."""

import json

import pytest


@pytest.fixture
def check(rallypoint, tmp_path):
    """Return the command, given the text of a file."""

    def run(text, *words, env="gathering-v0"):
        (tmp_path / "threats.toml").write_text(text)
        return rallypoint("threats", "check", "threats.toml", "--env", env, *words)

    return run


LIARS = """
byzantine = { count = 3 }
threats = [
    { kind = "reward_flip", victims = "byzantine" },
    { kind = "sign_flip", victims = "byzantine" },
]
"""


def test_the_byzantine_may_be_workers(check):
    done = check(LIARS, "--workers", "10", "--json", env="cartpole-v1")
    told = json.loads(done.out)
    assert told["byzantine"] == "3 of 10 workers, drawn once, for the whole run"
    flip, lie = [threat["in_words"]["to"] for threat in told["threats"]]
    assert flip == f"all in the copies of the Byzantine: {told['byzantine']}"
    assert lie == "the Byzantine contributors"


def test_who_means_workers_and_does_not_say_so_is_told_how_to(check):
    assert "say --workers N" in check(LIARS, env="cartpole-v1").err
    too_few = check(LIARS, "--workers", "2", env="cartpole-v1")
    assert too_few.status == 2
    assert "count = 3 of 2" in too_few.err
    assert "--workers" not in too_few.err


TEAM = """
byzantine = { count = 2 }
threats = [
    { kind = "sign_flip" },
    { kind = "noisy_action", victims = "byzantine" },
    { kind = "zero", victims = ["agent_3"] },
]
"""


def test_the_byzantine_may_be_agents_that_send_updates(check):
    told = json.loads(check(TEAM, "--team", "--json").out)
    assert told["byzantine"] == "2 of 10 agents, drawn once, for the whole run"
    whom = [threat["in_words"]["to"] for threat in told["threats"]]
    assert whom == [
        f"the Byzantine: {told['byzantine']}",
        "the Byzantine contributors",
        "agent_3",
    ]
    assert told["notes"] == []
    assert "one of the two" in check(TEAM, "--team", "--workers", "3").err


def test_updates_are_tried_among_contributors_and_otherwise_that_is_said(check):
    assert "none were tried: say --workers N, or --team" in " ".join(check(TEAM).out.split())
    done = check(TEAM, "--workers", "5")
    assert done.status == 2
    assert "no agent is called 'agent_3'" in done.err
    assert "(threats[2])" in done.err
