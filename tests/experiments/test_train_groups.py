"""Worlds of several groups from the command line: trained, read again, and what is refused."""

import json
import re
from dataclasses import replace

import pytest

import rallypoint
from rallypoint.agents.gradient.by_name import Team
from rallypoint.agents.gradient.checkpoints import read_checkpoint
from rallypoint.agents.saved import load_policies
from rallypoint.agents.train import Training, train
from rallypoint.errors import InvalidConfig, UnreadableFile
from rallypoint.safety.threat_model import ThreatModel

TAG = "mpe2.simple_tag_v3:parallel_env"
GROUPS = ("adversary", "agent")
LIES = """
[byzantine]
members = [{members}]
[[threats]]
kind = "sign_flip"
victims = "byzantine"
factor = 3.0
[[threats]]
kind = "random_action"
victims = "byzantine"
"""
SHORT = ("--env", TAG, "--env-set", "max_cycles=10", "--set", "steps=10", "--set", "policy=[8]")
PPO = ("--agent", "ppo", "--set", "value=[8]", "--set", "epochs=2")


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_tag_is_learned_by_workers_under_krum_beside_a_liar(rallypoint, tmp_path):
    (tmp_path / "liars.toml").write_text(LIES.format(members=1))
    words = ("train", *SHORT, *PPO, "--workers", 5, "--byzantine", 1, "--aggregator", "krum")
    out = tmp_path / "tag"
    more = ("--copies", 5, "--steps", 1000, "--threats", tmp_path / "liars.toml", "--out", out)
    done = rallypoint(*words, *more)
    assert done.status == 0, done.err
    rows = lines(out / "metrics.jsonl")
    assert len(rows) == 5
    for row in rows:
        assert set(row["groups"]) == set(GROUPS)
        assert [max(row["groups"][name]["believed"].values()) for name in GROUPS] == [1, 1]
        assert row["believed"]["worker_1"] == 0  # neither group's rule went by the liar
    summary = json.loads((out / "summary.json").read_text())["metrics"]
    assert {"return/adversary", "return/agent"} <= set(summary)
    assert rallypoint("evaluate", out, "--episodes", 2).status == 0
    assert rallypoint("show", "--agent", out, "--out", tmp_path / "tag.png").status == 0
    one = rallypoint("show", "--agent", out / "policy-agent", "--out", tmp_path / "one.png")
    assert one.status == 0, one.err
    assert rallypoint("verify", out).status == 0


def test_each_member_of_a_team_contributes_to_its_own_group(rallypoint, tmp_path):
    (tmp_path / "liars.toml").write_text(LIES.format(members='"adversary_1", "agent_2"'))
    out = tmp_path / "tag"
    words = ("train", *SHORT, *PPO, "--env-set", "num_good=3", "--contributors", "team")
    more = ("--byzantine", 1, "--aggregator", "median", "--copies", 3, "--steps", 900)
    done = rallypoint(*words, *more, "--threats", tmp_path / "liars.toml", "--record", "--out", out)
    assert done.status == 0, done.err
    for row in lines(out / "metrics.jsonl"):
        told = {name: list(row["groups"][name]["believed"]) for name in GROUPS}
        assert told == {
            "adversary": ["adversary_0", "adversary_1", "adversary_2"],
            "agent": ["agent_0", "agent_1", "agent_2"],
        }
    # A frame for each group: the liar of one is absent from the other's.
    flips = [
        receipt["applications"]
        for receipt in json.loads((out / "receipts.json").read_text())["receipts"]["training"]
        if receipt["kind"] == "sign_flip"
    ]
    assert [list(applied) for applied in flips] == [["adversary_1"], ["agent_2"]]
    assert rallypoint("verify", out).status == 0


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("--contributors", "team", "--aggregator", "krum"), "group 'agent': krum needs"),
        (("--contributors", "team", "--byzantine", 1), "group 'agent': f must be .* got f = 1"),
        (("--workers", 4, "--aggregator", "krum", "--byzantine", 1), "group 'adversary': krum"),
        (
            ("--agent", "a2c", "--workers", 5, "--byzantine", 1, "--protocol", "kardam"),
            "one actor, and there is one for each of the groups",
        ),
        (("--agent", "ppo_lagrangian", "--workers", 2), "does not offer 'cost'"),
    ],
)
def test_what_cannot_be_is_refused_before_the_first_step(rallypoint, tmp_path, more, says):
    agent = () if "--agent" in more else ("--agent", "ppo")
    done = rallypoint("train", "--env", TAG, *agent, *more, "--steps", 100, "--out", tmp_path / "x")
    assert done.status != 0
    assert re.search(says, done.err.replace("\n", " ")), done.err
    assert not (tmp_path / "x" / "checkpoint.npz").exists()


class Stopped(Exception):
    """Somebody has had enough."""


def tag(**more):
    given = {"byzantine": {"members": [1]}, "threats": [{"kind": "alie", "victims": "byzantine"}]}
    return Training(
        env=TAG,
        agent="a2c",
        steps=2400,
        copies=5,
        env_settings={"max_cycles": 10},
        settings={"policy": (8,), "value": (8,), "steps": 10, "momentum": 0.5} | more,
        threats=ThreatModel.from_dict(given),
        team=Team(workers=5, byzantine=1, aggregator="median"),
    )


def test_a_training_that_was_stopped_goes_on_to_the_same_bits(tmp_path):
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    rows = {whole: [], stopped: []}

    def until_the_eleventh(row):
        if row["round"] == 11:
            raise Stopped

    train(tag(normalise_observations=True), whole, say=rows[whole].append)
    with pytest.raises(Stopped):
        train(tag(normalise_observations=True), stopped, say=until_the_eleventh)
    train(tag(normalise_observations=True), stopped, say=rows[stopped].append, resume=True)
    assert rows[whole] == rows[stopped]
    for name in GROUPS:
        path = f"policy-{name}/policy.safetensors"
        assert (whole / path).read_bytes() == (stopped / path).read_bytes()
    first, second = (read_checkpoint(out).snapshot for out in (whole, stopped))
    assert first.keys() == second.keys()
    for name, part in first.items():
        if not name.startswith("protocol/"):  # what was on its way is ordered, and counted, anew
            assert part.tobytes() == second[name].tobytes(), name
    (stopped / "policy-agent" / "policy.safetensors").unlink()
    world = rallypoint.make(TAG, max_cycles=10)
    with pytest.raises(UnreadableFile, match="policy-agent"):
        load_policies(stopped, world)


def test_a_budget_of_agents_over_several_groups_is_refused(tmp_path):
    lie = {"kind": "sign_flip", "victims": "byzantine", "budget": {"agents": 1}}
    model = ThreatModel.from_dict({"byzantine": {"count": 1}, "threats": [lie]})
    training = replace(tag(), threats=model, team=Team(contributors="team"))
    with pytest.raises(InvalidConfig, match="group by group"):
        train(training, tmp_path)
